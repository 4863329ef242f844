#include "runtime/backend/threads.h"

#include <algorithm>
#include <charconv>

namespace aion::runtime {

namespace {

constexpr int kMostThreads = 1024;

}  // namespace

Result<int> threads_per_run(const std::map<std::string, std::string>& parameters,
                            int compute_threads,
                            double cores) {
  const auto given = parameters.find("intra_op_thread_count");
  if (given == parameters.end()) {
    return compute_threads > 1 ? 1 : std::clamp(static_cast<int>(cores), 1, kMostThreads);
  }
  const std::string& text = given->second;
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 1 ||
      count > kMostThreads) {
    return Error{Code::InvalidArgument,
                 "parameter 'intra_op_thread_count' is '" + text +
                     "', expected a whole number from 1 to " + std::to_string(kMostThreads)};
  }
  return count;
}

}  // namespace aion::runtime
