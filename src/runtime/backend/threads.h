// How many threads a library may use for one run.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace aion::runtime {

/// How many threads share one run: the parameter "intra_op_thread_count" where it is given, else 1
/// where several runs may be under way at once, else as many as there are cores; at least 1.
/// InvalidArgument for a parameter that is no whole number from 1 to 1024.
[[nodiscard]] Result<int> threads_per_run(const std::map<std::string, std::string>& parameters,
                                          int compute_threads,
                                          double cores);

}  // namespace aion::runtime
