// One per device: gives its slots to the requests that wait, over the queues of all models.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/request_context.h"
#include "base/serial.h"
#include "base/spawn.h"
#include "base/task.h"
#include "serving/queue_order.h"
#include "serving/request_queue.h"

namespace aion::serving {

/// Runs as many batches at once as the device has slots; when one frees, the order picks whose
/// queue goes next, and the queue how many of its requests go together.
///
/// Thread safety: all methods may be called from any thread. Outlives its queues and slots.
class Dispatcher {
 public:
  struct Device {
    Executor compute;  // where granted requests go on
    Executor aside;    // where refused ones go on, since compute may be busy for long
    std::size_t slots = 1;
  };
  Dispatcher(Device device, Clock& clock, sched::Order order);

  class Queue;
  [[nodiscard]] static std::shared_ptr<Queue> make_queue(QueueRule rule);

  /// The right to run one batch on the device. Given back when it is destroyed.
  class Slot {
   public:
    Slot(Dispatcher& dispatcher, std::shared_ptr<Queue> queue)
        : dispatcher_(&dispatcher), queue_(std::move(queue)) {}
    ~Slot();
    Slot(Slot&& other) noexcept
        : dispatcher_(std::exchange(other.dispatcher_, nullptr)), queue_(std::move(other.queue_)) {}
    Slot& operator=(Slot&&) = delete;

   private:
    Dispatcher* dispatcher_;
    std::shared_ptr<Queue> queue_;
  };

  struct Waiting;

  /// A request that is run along by another one, which must give it its answer.
  class Companion {
   public:
    explicit Companion(std::shared_ptr<Waiting> waiting) : waiting_(std::move(waiting)) {}
    [[nodiscard]] QueuedRequest& request() const;
    /// Where it was spawned.
    [[nodiscard]] const Executor& spawned_on() const;
    /// Its answer is set: it goes on, on `executor`. Once.
    void go_on(const Executor& executor);

   private:
    std::shared_ptr<Waiting> waiting_;
  };

  /// What a request has waited for.
  struct Turn {
    std::optional<Slot> slot;           // none: another has run it along, its answer is there
    std::vector<Companion> companions;  // to be run with it
    std::uint64_t ticket = 0;           // counts up in each queue, in the order of the turns
  };

  /// Waits for a turn. With a slot it goes on on the device's compute executor. Fails, on any
  /// thread, with Unavailable when the queue is full or the request has waited too long,
  /// DeadlineExceeded or Cancelled as the context says. The request outlives the await.
  [[nodiscard]] Task<Turn> acquire(std::shared_ptr<Queue> queue,
                                   QueuedRequest& request,
                                   const RequestContext& context);

  /// Its version is out of service: what it still has to answer waits for no more requests.
  void hurry(std::shared_ptr<Queue> queue);

  /// Whether nobody waits for the device. A hint: it may be outdated when it is read.
  [[nodiscard]] bool is_idle() const { return waiting_.load(std::memory_order_relaxed) == 0; }
  [[nodiscard]] const Executor& compute() const { return compute_; }
  /// Where what is left to do for a request goes on after another one's run: where it was spawned,
  /// but never at once inside the call.
  [[nodiscard]] const Executor& home_of(const Executor& spawned) const;

 private:
  using WaitingPtr = std::shared_ptr<Waiting>;
  [[nodiscard]] std::vector<std::unique_ptr<Timer>> set_timers(const WaitingPtr& waiting,
                                                               TimePoint deadline);
  void submit(const WaitingPtr& waiting);
  static void refuse(Waiting& waiting, Error why);
  void abandon(const WaitingPtr& waiting, Error why);
  void expire(const WaitingPtr& waiting);
  void fill_slots();
  [[nodiscard]] bool grant_one(TimePoint now, TimePoint& look_again);
  void grant(const std::shared_ptr<Queue>& queue, TimePoint now);
  void look_again_at(TimePoint when);
  void took_out(const std::shared_ptr<Queue>& queue, std::size_t requests);
  [[nodiscard]] static bool counts(const Queue& queue);

  Executor compute_;
  Executor aside_;
  Clock& clock_;
  sched::Order order_;
  std::atomic<std::size_t> waiting_ = 0;

  Serial serial_;  // guards all below
  std::size_t free_slots_;
  std::uint64_t next_arrival_ = 0;
  std::vector<std::shared_ptr<Queue>> busy_;  // queues that are not empty
  std::vector<QueueHead> heads_;              // of the queues that may run now; kept for its memory
  std::vector<std::size_t> ready_;            // their positions in busy_
  std::unique_ptr<Timer> timer_;              // for a queue that waits for more requests
  TimePoint timer_at_ = kNever;
};

/// The waiting requests of one model version.
class Dispatcher::Queue {
 public:
  explicit Queue(QueueRule rule) : requests_(std::move(rule)) {}
  [[nodiscard]] std::size_t size() const { return requests_.size(); }
  [[nodiscard]] const QueueRule& rule() const { return requests_.rule(); }
  [[nodiscard]] BatchLimit* batch_limit() const { return rule().batch_limit.get(); }

 private:
  friend class Dispatcher;
  // Guarded by the dispatcher's serial.
  RequestQueue requests_;
  std::size_t running_ = 0;
  std::uint64_t next_ticket_ = 0;
};

}  // namespace aion::serving
