// One per device: gives its slots to the requests that wait, over the queues of all models.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/request_context.h"
#include "base/serial.h"
#include "base/spawn.h"
#include "base/task.h"
#include "serving/queue_order.h"

namespace aion::serving {

/// Runs as many requests at once as the device has slots; when one frees, the order picks who goes
/// next.
///
/// Thread safety: all methods may be called from any thread. Outlives its queues and slots.
class Dispatcher {
 public:
  struct Device {
    Executor compute;  // where granted requests go on
    Executor aside;    // where refused ones go on, since compute may be busy for long
    std::size_t slots = 1;
  };
  Dispatcher(Device device, Clock& clock, QueueOrder order);

  class Queue;
  /// A queue for one model that holds at most `limit` waiting requests.
  [[nodiscard]] std::shared_ptr<Queue> make_queue(std::size_t limit);

  /// The right to run on the device. Given back when it is destroyed.
  class Slot {
   public:
    explicit Slot(Dispatcher& dispatcher) : dispatcher_(&dispatcher) {}
    ~Slot();
    Slot(Slot&& other) noexcept : dispatcher_(std::exchange(other.dispatcher_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;

   private:
    Dispatcher* dispatcher_;
  };

  /// Waits for a slot and goes on on the device's compute executor. Fails, on any thread, with
  /// Unavailable when the queue is full, DeadlineExceeded or Cancelled as the context says.
  [[nodiscard]] Task<Slot> acquire(std::shared_ptr<Queue> queue, const RequestContext& context);

  /// Whether nobody waits for the device. A hint: it may be outdated when it is read.
  [[nodiscard]] bool is_idle() const { return waiting_.load(std::memory_order_relaxed) == 0; }

 private:
  struct Waiter;
  void submit(const std::shared_ptr<Waiter>& waiter);
  static void refuse(const std::shared_ptr<Waiter>& waiter, Error why);
  void abandon(const std::shared_ptr<Waiter>& waiter, Error why);
  void fill_slots();

  Executor compute_;
  Executor aside_;
  Clock& clock_;
  QueueOrder order_;
  std::atomic<std::size_t> waiting_ = 0;

  Serial serial_;  // guards all below
  std::size_t free_slots_;
  std::uint64_t next_arrival_ = 0;
  std::vector<std::shared_ptr<Queue>> busy_;  // queues that are not empty
};

/// The waiting requests of one model.
class Dispatcher::Queue {
 public:
  explicit Queue(std::size_t limit) : limit_(limit) {}
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  friend class Dispatcher;
  const std::size_t limit_;
  std::atomic<std::size_t> size_ = 0;
  std::list<std::shared_ptr<Waiter>> waiters_;  // guarded by the dispatcher's serial
};

}  // namespace aion::serving
