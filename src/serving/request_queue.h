// The waiting requests of one model version, by priority.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "catalog/model/model.h"
#include "serving/batch_former.h"
#include "serving/batch_limit.h"
#include "serving/latency_model.h"
#include "serving/queue_order.h"
#include "serving/queued_request.h"

namespace aion::serving {

/// What a queue lets wait, and what it lets go.
struct QueueRule {
  // Waiting requests of a level and all more urgent ones, but those whose policy has its own limit;
  // twice as many in all.
  std::size_t limit = 0;
  std::size_t instances = 0;  // runs at once; 0 = as many as the device has slots
  catalog::Batching batching;
  std::shared_ptr<BatchLimit> batch_limit;  // null = every request runs alone
  std::size_t steps = 1;                    // of a run, between which it can be held up
};

/// A request in a queue.
struct Waiter {
  QueuedRequest* request = nullptr;  // outlives its wait
  QueueHead head;
  bool is_behind = false;  // it has waited too long and goes behind the others of its level
  std::list<std::shared_ptr<Waiter>>::iterator place;  // while it is in a queue
};

/// Levels in their order; in each, the higher criticality first, then the earlier deadline, then
/// first come, first served; and behind them those that have waited too long.
///
/// Thread safety: size() may be called from any thread, the rest by one at a time.
class RequestQueue {
 public:
  using Batch = std::vector<std::shared_ptr<Waiter>>;

  explicit RequestQueue(QueueRule rule) : rule_(std::move(rule)) {}

  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool is_empty() const { return size() == 0; }
  enum class Turn : std::uint8_t {
    May,
    HadBetterWait,  // for a run under way to end, but not for long
    Full,           // as many runs are under way as may be
  };
  /// Whether another run may begin beside `running` ones, the last of which began `ago`.
  [[nodiscard]] Turn turn(std::size_t running, Duration ago) const;
  [[nodiscard]] const QueueRule& rule() const { return rule_; }

  /// Whether the level has no room left.
  [[nodiscard]] bool is_full(std::uint64_t level) const;
  void push(const std::shared_ptr<Waiter>& waiter);
  void remove(Waiter& waiter);
  void move_behind(Waiter& waiter);
  /// From now on no request waits for others to join it.
  void hurry() { is_hurried_ = true; }

  // The rest is for a queue that is not empty.
  /// The request that goes first, with the arrival of the one that has waited longest: an urgent
  /// request does not put the whole queue behind other models'.
  [[nodiscard]] QueueHead head() const;
  /// Now or before: a batch may go. Later: no batch goes before that, if nothing comes.
  [[nodiscard]] TimePoint due(TimePoint now) const;
  /// Takes out what goes now; never empty after due() allowed it. A batch grows only as long as
  /// what it is believed to take lets it end by `end_by`, and by the deadlines in it.
  [[nodiscard]] Batch take(TimePoint now, TimePoint end_by = kNever);
  /// What the next run is believed to take, and rarely exceeds; 0 = nobody knows yet.
  [[nodiscard]] Duration next_cost() const;
  /// A run of `rows`, each of so many bytes, has taken so long.
  void observe(std::size_t row_bytes, std::uint64_t rows, Duration run) {
    latencies_.of(row_bytes).observe(rows, run);
  }

 private:
  struct Level {
    std::list<std::shared_ptr<Waiter>> waiting;
    std::list<std::shared_ptr<Waiter>> behind;
    [[nodiscard]] std::size_t size() const { return waiting.size() + behind.size(); }
  };
  [[nodiscard]] const catalog::QueuePolicy& policy_of(std::uint64_t level) const;
  [[nodiscard]] static std::list<std::shared_ptr<Waiter>>& list_of(Level& level, const Waiter& of) {
    return of.is_behind ? level.behind : level.waiting;
  }
  template <class Visit>
  void for_each_in_order(const Visit& visit) const;
  [[nodiscard]] const Waiter& first() const;
  [[nodiscard]] BatchDecision decide(std::uint64_t most_rows, TimePoint now) const;

  [[nodiscard]] Duration cost_of(const Waiter& first, std::uint64_t rows) const;
  [[nodiscard]] std::size_t feasible(std::size_t count, TimePoint now, TimePoint end_by) const;

  QueueRule rule_;
  mutable LatencyModels latencies_;
  std::atomic<std::size_t> size_ = 0;
  std::size_t rows_ = 0;                   // that wait; a request that runs alone counts as one
  std::map<std::uint64_t, Level> levels_;  // none is empty
  bool is_hurried_ = false;
};

}  // namespace aion::serving
