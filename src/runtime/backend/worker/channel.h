// One side's end of the conversation between the daemon and a worker process.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "runtime/backend/worker/descriptor.h"
#include "runtime/backend/worker/message.h"
#include "runtime/backend/worker/region.h"

namespace aion::runtime::worker {

enum class Side : std::uint8_t { Daemon, Worker };

/// An eventfd that does not block, closed on exec.
[[nodiscard]] Result<Descriptor> make_bell();
void ring_bell(int descriptor);
void silence_bell(int descriptor);

/// Sends and receives messages over a region; a bell (eventfd) of each side wakes it when it
/// sleeps.
///
/// Thread safety: the sending methods may be called from any thread: the one that comes while
/// another writes leaves its message to that one. receive() and may_sleep() only from the one
/// thread that listens to the bell; it also calls pump() each time it was woken, because the bell
/// tells of room in the ring too.
class Channel {
 public:
  struct Bells {
    Descriptor own;
    Descriptor peer;
  };
  Channel(Region region, Bells bells, Side side, Receiving::IsWanted is_wanted);

  /// Queues the message and writes what fits now; never waits. Only references to the tensors are
  /// queued. ResourceExhausted when the message is too large, or `queue_limit` are waiting (0 = no
  /// limit).
  [[nodiscard]] Result<void> send(const Message& message, std::size_t queue_limit = 0);
  /// The same, but waits until fewer than `queue_limit` are waiting. Not on the listening thread.
  [[nodiscard]] Result<void> send_when_room(const Message& message, std::size_t queue_limit);
  /// Takes a message back; false when its writing has begun or it is not there.
  bool withdraw(Kind kind, std::uint64_t id);
  /// Writes what waits, as far as there is room. Internal when the other side has spoilt the ring;
  /// senders are not told, the own bell rings instead.
  [[nodiscard]] Result<void> pump();
  /// Nothing is sent any more: queued messages are dropped and waiting senders let go.
  void close();

  /// Hands over the messages that are complete; ends at the first error, and when it has looked at
  /// as many records as fit between two looks at everything else.
  using Take = std::function<Result<void>(Message)>;
  [[nodiscard]] Result<void> receive(const Take& take);

  /// Call before waiting for the bell; false: there is something to receive already.
  [[nodiscard]] bool may_sleep() { return reader_.announce_sleep(); }
  [[nodiscard]] int bell() const { return bells_.own.get(); }
  [[nodiscard]] int peer_bell() const { return bells_.peer.get(); }
  [[nodiscard]] const Region& region() const { return region_; }

 private:
  struct Queued {
    Sending sending;
    bool is_begun = false;
  };
  void write_queue(std::unique_lock<std::mutex>& lock);

  Region region_;
  Bells bells_;
  RingWriter writer_;  // used by the thread that has set is_writing_
  RingReader reader_;
  Receiving receiving_;

  std::mutex mutex_;  // guards all below; not held while data is copied
  std::condition_variable room_;
  std::list<Queued> queue_;
  bool is_writing_ = false;
  bool must_look_again_ = false;
  bool is_closed_ = false;
  std::optional<Error> broken_;  // what the other side did to the ring
};

}  // namespace aion::runtime::worker
