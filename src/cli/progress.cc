#include "cli/progress.h"

#include <cstdio>
#include <utility>

#include <unistd.h>

namespace aion::cli {

Progress::Progress(std::string what, std::chrono::seconds expected)
    : what_(std::move(what)), expected_(expected) {
  if (isatty(STDERR_FILENO) != 0) {
    thread_ = std::jthread([this] { run(); });
  }
}

Progress::~Progress() {
  {
    const std::scoped_lock lock(mutex_);
    is_over_ = true;
  }
  ended_.notify_all();
}

void Progress::run() {
  std::unique_lock lock(mutex_);
  for (int seconds = 1;
       !ended_.wait_for(lock, std::chrono::seconds{1}, [this] { return is_over_; });
       ++seconds) {
    std::fprintf(
        stderr, "\r%s: %d of %d s ", what_.c_str(), seconds, static_cast<int>(expected_.count()));
  }
  std::fprintf(stderr, "\r%*s\r", static_cast<int>(what_.size()) + 24, "");
}

}  // namespace aion::cli
