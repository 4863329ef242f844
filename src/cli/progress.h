// A line on the terminal that tells how far something is.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace aion::cli {

/// While it lives, "<what>: 3 of 10 s" stands on stderr, renewed every second; nothing where stderr
/// is no terminal.
class Progress {
 public:
  Progress(std::string what, std::chrono::seconds expected);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void run();

  std::string what_;
  std::chrono::seconds expected_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_over_ = false;
  std::jthread thread_;
};

}  // namespace aion::cli
