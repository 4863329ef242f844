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
#include "sched/policy/deadline_order.h"
#include "serving/device_shares.h"
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
    std::size_t reserved = 0;  // slots that only requests of the safety class get; below `slots`
    // Whether requests with deadlines, or of another class than Normal, go by these, and by the
    // order only where nobody has any. If not, a deadline is only how long a request waits.
    bool honours_deadlines = true;
  };
  Dispatcher(Device device, Clock& clock, sched::Order order);

  class Queue;
  [[nodiscard]] static std::shared_ptr<Queue> make_queue(QueueRule rule);

  /// A batch that runs, as the dispatcher sees it.
  struct Run {
    std::shared_ptr<Queue> queue;
    QueueHead head;  // of its first request, with the earliest deadline and the highest criticality
    std::size_t row_bytes = 0;
    std::uint64_t rows = 1;
    Duration cost{0};  // believed when it began
    Duration used{0};  // before it was last held up
    TimePoint began;   // or went on
  };

  /// The right to run one batch on the device. Given back when it is destroyed. As the gate of a
  /// run in steps it lends the device to more urgent requests.
  class Slot final : public runtime::StepGate {
   public:
    Slot(Dispatcher& dispatcher, Run run) : dispatcher_(&dispatcher), run_(std::move(run)) {}
    ~Slot() override;
    Slot(Slot&& other) noexcept
        : dispatcher_(std::exchange(other.dispatcher_, nullptr)),
          run_(std::move(other.run_)),
          is_learned_from_(other.is_learned_from_) {}
    Slot& operator=(Slot&&) = delete;

    [[nodiscard]] Awaitable<void> between_steps() override;
    /// Nothing is to be learned from how long it is held.
    void forget() { is_learned_from_ = false; }

   private:
    friend class Dispatcher;
    Dispatcher* dispatcher_;
    Run run_;
    bool is_learned_from_ = true;
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
  void collect_ready(TimePoint now, TimePoint& look_again);
  void grant(const std::shared_ptr<Queue>& queue, TimePoint now, TimePoint end_by);
  [[nodiscard]] bool is_timed() const;
  [[nodiscard]] bool grant_timed(TimePoint now);
  [[nodiscard]] TimePoint end_by(std::size_t chosen, TimePoint now);
  [[nodiscard]] Duration tolerated(TimePoint now);
  void note_slack(const Waiting& waiting);
  [[nodiscard]] bool is_hopeless(Waiting& waiting) const;
  void pause(Slot& slot, const Resume& resume);
  void go_on(std::size_t paused, TimePoint now);
  void release(const Run& run, bool is_learned_from);
  void account(const Run& run, Duration time, TimePoint now);
  void look_again_at(TimePoint when);
  void let_go_later(TimePoint now);
  void took_out(const std::shared_ptr<Queue>& queue, std::size_t requests);
  [[nodiscard]] static bool counts(const Queue& queue);

  Executor compute_;
  Executor aside_;
  Clock& clock_;
  sched::Order order_;
  const std::size_t slots_;
  const std::size_t reserved_;
  const bool honours_deadlines_;
  std::atomic<std::size_t> waiting_ = 0;
  std::atomic<std::size_t> urgent_ = 0;  // of those that wait; see is_urgent()

  Serial serial_;  // guards all below
  std::size_t free_slots_;
  std::uint64_t next_arrival_ = 0;
  std::vector<std::shared_ptr<Queue>> busy_;  // queues that are not empty
  std::vector<QueueHead> heads_;              // of the queues that may run now; kept for its memory
  std::vector<std::size_t> ready_;            // their positions in busy_
  std::vector<sched::TimedWork> works_;       // heads_ and what is held up, for the rule
  std::vector<std::size_t> work_of_;          // their positions in heads_, and behind it in paused_
  struct Paused {
    Slot* slot;  // it stands still while its run is held up
    Resume resume;
  };
  std::vector<Paused> paused_;
  std::vector<std::weak_ptr<Queue>> critical_;  // that have had safety requests of late
  DeviceShares shares_;
  std::unique_ptr<Timer> timer_;  // for a queue that waits for more requests
  TimePoint timer_at_ = kNever;
  std::unique_ptr<Timer> let_go_timer_;  // for requests that are held back
  bool is_letting_go_ = false;           // it is on its way
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
  TimePoint last_began_{};                   // the last run
  Duration slack_{0};                        // how long the last safety request might have waited
  TimePoint slack_seen_ = TimePoint::min();  // when it came; min = none has come
  std::uint64_t next_ticket_ = 0;
  std::uint32_t hopeless_ = 0;  // requests that a run was believed to make late
};

}  // namespace aion::serving
