// A model file loaded by ONNX Runtime.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/backend/onnx/library.h"

namespace aion::runtime::onnx {

/// A session and the library it belongs to. Several runs may be under way in it at once.
struct Session {
  std::shared_ptr<const Library> library;
  SessionHandle handle;
};

/// How many threads share one run: the parameter "intra_op_thread_count" where it is given, else 1
/// where several runs may be under way at once, else as many as there are cores; at least 1.
/// InvalidArgument for a parameter that is no whole number from 1 to 1024.
[[nodiscard]] Result<int> threads_per_run(const std::map<std::string, std::string>& parameters,
                                          int compute_threads,
                                          double cores);

/// Reads and optimises the model file. Fails with the library's own reason.
[[nodiscard]] Result<std::shared_ptr<const Session>> load_session(
    std::shared_ptr<const Library> library, const std::filesystem::path& model, int threads);

}  // namespace aion::runtime::onnx
