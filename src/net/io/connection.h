// An accepted connection as its loop and its listener see it, whatever it speaks.
#pragma once

#include "base/event_loop.h"

namespace aion::net {

/// Thread safety: all methods are called on the loop's io thread.
class Connection : public EventLoop::Watcher {
 public:
  virtual ~Connection() = default;

  /// Serves until the connection ends. `is_welcome` false: only says that there are too many.
  virtual void start(bool is_welcome) = 0;
  /// Ends what has waited for too long. Called once a tick.
  virtual void check_time() = 0;
  /// Ends now if no request is under way, else after its answer.
  virtual void begin_stop() = 0;
  /// Cancels what is under way and ends.
  virtual void abort() = 0;
};

}  // namespace aion::net
