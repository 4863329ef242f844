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
    by_order_.pop_front();
    if (!has_one_order_) {
      by_backfill_.erase(backfilled(claim));
    }
    start(books_, claim, now, out);
  }
}

bool EasyQueue::backfill(const WaitingEntry& entry, Ticks now, std::vector<Decision>& out) {
  if (entry.processors > books_.free()) {
    return false;
  }
  const bool ends_in_time = entry.estimate <= shadow_.time - now;
  if (!ends_in_time) {
    if (entry.processors > shadow_.extra) {
      return false;
    }
    shadow_.extra -= entry.processors;
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
  shadow_ = books_.shadow_for(by_order_.front().processors);
  is_shadow_known_ = true;
  // The head itself does not fit in what is free, so it is never taken for its own backfill.
  candidates().sweep(
      [&](const WaitingSummary& least) {
        return least.processors <= books_.free() &&
               (least.estimate <= shadow_.time - now || least.processors <= shadow_.extra);
      },
      [&](const WaitingEntry& entry) {
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
