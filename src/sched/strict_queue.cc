#include "sched/strict_queue.h"

namespace aion::sched {

void StrictQueue::decide(Ticks now, std::vector<Decision>& out) {
  while (!waiting_.is_empty() && waiting_.front().processors <= books_.free()) {
    const ClaimId claim = waiting_.front().claim;
    if (books_.is_kept_off(claim, now)) {
      return;
    }
    waiting_.pop_front();
    start(books_, claim, now, out);
  }
}

}  // namespace aion::sched
