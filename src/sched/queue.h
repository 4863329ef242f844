// The claims that wait, under a discipline that says which of them start.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sched/books.h"
#include "sched/policy/policy.h"

namespace aion::sched {

/// What changes is told first (`add`, `released`, ...); then `decide` acts on all of it at once.
/// Between two calls of `decide` at which nothing but `add` happened, only the new claims are
/// looked at: for the others nothing can have changed for the better.
///
/// Not thread-safe: it belongs to one Scheduler, whose Books it reads and writes.
class Queue {
 public:
  virtual ~Queue() = default;

  /// A claim has come; its record is in the books.
  virtual void add(ClaimId claim) = 0;
  /// A claim that waits has been withdrawn; its record is still in the books.
  virtual void remove(ClaimId claim) = 0;
  /// A claim that ran has given its processors back, `ends` being when it was believed to end.
  virtual void released(ClaimId claim, Ticks now) = 0;
  /// A claim runs that the queue has not started: it was inside a window that is no more.
  virtual void adopt(ClaimId /*claim*/, Ticks now) { disturbed(now); }
  /// A window is over, as was foreseen.
  virtual void window_over(Ticks now) { disturbed(now); }
  /// A window will not be, or not to its end; told before who ran inside is adopted.
  virtual void window_withdrawn(const AdvanceReservation& /*kept*/, Ticks now) { disturbed(now); }
  /// The capacity, the windows, or when running claims are believed to end, is not what it was.
  virtual void disturbed(Ticks now) = 0;

  /// Starts, and where the discipline does so stops, what is to be; in the books and, appended, in
  /// `out`.
  virtual void decide(Ticks now, std::vector<Decision>& out) = 0;

  /// When `decide` has work to do though nothing happens until then.
  [[nodiscard]] virtual Ticks wake_at() const { return kNever; }

  /// Calls `see` for the claims that wait, in order, until it returns false. For explanations: it
  /// may be slow.
  virtual void walk(const std::function<bool(ClaimId)>& see) const = 0;

  /// How many claims wait, and how many of them go before this one.
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual std::size_t position(ClaimId claim) const = 0;
};

/// The queue that the policy asks for. `books` must outlive it.
[[nodiscard]] std::unique_ptr<Queue> make_queue(const Policy& policy, Books& books);

/// Starts a claim in the books and says so.
void start(Books& books, ClaimId claim, Ticks now, std::vector<Decision>& out);

/// Calls `see` for every claim of the list, in order, until it returns false.
void walk_all(const WaitingList& list, const std::function<bool(ClaimId)>& see);

/// How an index by `order` keeps the claim.
[[nodiscard]] WaitingEntry waiting_entry(const Record& record, ClaimId claim, Order order);

}  // namespace aion::sched
