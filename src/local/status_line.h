// What is being done, for whoever waits for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace aion::local {

/// From the second second of its life on, what was last told stands on stderr with the seconds
/// since then, renewed every half second; nothing where stderr is no terminal. Gone with its owner.
///
/// Thread safety: tell() may be called from any thread.
class StatusLine {
 public:
  StatusLine();
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  void tell(std::string what);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable ended_;
  std::string what_;
  bool is_over_ = false;
  std::jthread thread_;
};

}  // namespace aion::local
