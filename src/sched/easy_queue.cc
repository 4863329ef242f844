#include "sched/easy_queue.h"

namespace aion::sched {

void EasyQueue::insert(const WaitingEntry& entry) {
  const WaitingEntry by_order = has_one_order_ ? entry : ordered(entry.claim);
  if (by_order_.is_empty() || by_order < by_order_.front()) {
    is_shadow_known_ = false;  // a new head: another reservation
  }
  by_order_.insert(by_order);
  if (!has_one_order_) {
    by_backfill_.insert(entry);
  }
}

void EasyQueue::remove(ClaimId claim) {
  is_shadow_known_ = false;
  if (std::erase_if(fresh_, [&](const WaitingEntry& entry) { return entry.claim == claim; }) > 0) {
    return;
  }
  by_order_.erase(ordered(claim));
  if (!has_one_order_) {
    by_backfill_.erase(backfilled(claim));
  }
}

void EasyQueue::start_from_head(Ticks now, std::vector<Decision>& out) {
  while (!by_order_.is_empty() && by_order_.front().processors <= books_.free()) {
    const ClaimId claim = by_order_.front().claim;
    if (books_.is_kept_off(claim, now)) {
      return;
    }
    by_order_.pop_front();
    if (!has_one_order_) {
      by_backfill_.erase(backfilled(claim));
    }
    start(books_, claim, now, out);
  }
}

bool EasyQueue::backfill(const WaitingEntry& entry, Ticks now, std::vector<Decision>& out) {
  if (entry.processors > books_.free() || books_.is_kept_off(entry.claim, now) ||
      !room_.take(entry.processors, entry.estimate, now)) {
    return false;
  }
  start(books_, entry.claim, now, out);
  return true;
}

/// Starts those of the claims that came which fit beside the reservation; when one of them is the
/// new head, there is none yet.
void EasyQueue::take_in_fresh(Ticks now, std::vector<Decision>& out) {
  std::sort(fresh_.begin(), fresh_.end());
  const auto became_head = [&](const WaitingEntry& entry) {
    return by_order_.is_empty() ||
           (has_one_order_ ? entry : ordered(entry.claim)) < by_order_.front();
  };
  is_shadow_known_ = is_shadow_known_ && std::none_of(fresh_.begin(), fresh_.end(), became_head);
  for (const WaitingEntry& entry : fresh_) {
    if (!is_shadow_known_ || !backfill(entry, now, out)) {
      insert(entry);
    }
  }
  fresh_.clear();
}

void EasyQueue::decide(Ticks now, std::vector<Decision>& out) {
  take_in_fresh(now, out);
  if (is_shadow_known_) {
    return;
  }
  start_from_head(now, out);
  if (by_order_.is_empty()) {
    return;
  }
  const ClaimId head = by_order_.front().claim;
  room_ = BackfillRoom(books_, books_.at(head), now);
  is_shadow_known_ = true;
  candidates().sweep(
      [&](const WaitingSummary& least) {
        return least.processors <= books_.free() && room_.may_hold(least, now);
      },
      [&](const WaitingEntry& entry) {
        // The head is never its own backfill: it does not fit, or would run into a window.
        if (!backfill(entry, now, out)) {
          return false;
        }
        if (!has_one_order_) {
          by_order_.erase(ordered(entry.claim));
        }
        return true;
      });
}

}  // namespace aion::sched
