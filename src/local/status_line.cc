#include "local/status_line.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <unistd.h>

namespace aion::local {

StatusLine::StatusLine() {
  if (isatty(STDERR_FILENO) != 0) {
    thread_ = std::jthread([this] { run(); });
  }
}

StatusLine::~StatusLine() {
  {
    const std::scoped_lock lock(mutex_);
    is_over_ = true;
  }
  ended_.notify_all();
}

void StatusLine::tell(std::string what) {
  const std::scoped_lock lock(mutex_);
  what_ = std::move(what);
}

void StatusLine::run() {
  constexpr auto kStep = std::chrono::milliseconds(500);
  constexpr int kQuietSteps = 3;
  std::size_t widest = 0;
  std::unique_lock lock(mutex_);
  for (int steps = 1; !ended_.wait_for(lock, kStep, [this] { return is_over_; }); ++steps) {
    if (steps > kQuietSteps) {
      const std::string line = what_ + " (" + std::to_string(steps / 2) + " s)";
      std::fprintf(stderr, "\r%-*s", static_cast<int>(widest), line.c_str());
      widest = std::max(widest, line.size());
    }
  }
  if (widest > 0) {
    std::fprintf(stderr, "\r%*s\r", static_cast<int>(widest), "");
  }
}

}  // namespace aion::local
