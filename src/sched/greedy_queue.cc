#include "sched/greedy_queue.h"

namespace aion::sched {

void GreedyQueue::remove(ClaimId claim) {
  if (std::erase_if(fresh_, [&](const WaitingEntry& entry) { return entry.claim == claim; }) == 0) {
    waiting_.erase(waiting_entry(books_.at(claim), claim, order_));
  }
}

void GreedyQueue::decide(Ticks now, std::vector<Decision>& out) {
  const auto start_if_fits = [&](const WaitingEntry& entry) {
    if (entry.processors > books_.free() || books_.is_kept_off(entry.claim, now)) {
      return false;
    }
    start(books_, entry.claim, now, out);
    return true;
  };
  std::sort(fresh_.begin(), fresh_.end());
  for (const WaitingEntry& entry : fresh_) {
    if (may_more_fit_ || !start_if_fits(entry)) {
      waiting_.insert(entry);
    }
  }
  fresh_.clear();
  if (may_more_fit_) {
    waiting_.sweep([&](const WaitingSummary& least) { return least.processors <= books_.free(); },
                   start_if_fits);
    may_more_fit_ = false;
  }
}

}  // namespace aion::sched
