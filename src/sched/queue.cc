#include "sched/queue.h"

#include "sched/conservative_queue.h"
#include "sched/easy_queue.h"
#include "sched/greedy_queue.h"
#include "sched/preemptive_queue.h"
#include "sched/share_queue.h"
#include "sched/strict_queue.h"

namespace aion::sched {

std::unique_ptr<Queue> make_queue(const Policy& policy, Books& books) {
  switch (policy.discipline) {
    case Discipline::Strict:
      return std::make_unique<StrictQueue>(policy, books);
    case Discipline::Greedy:
      return std::make_unique<GreedyQueue>(policy, books);
    case Discipline::Conservative:
      return std::make_unique<ConservativeQueue>(books);
    case Discipline::Preemptive:
      return std::make_unique<PreemptiveQueue>(policy, books);
    case Discipline::Shares:
      return std::make_unique<ShareQueue>(policy, books);
    case Discipline::Easy:
      break;
  }
  return std::make_unique<EasyQueue>(policy, books);
}

void start(Books& books, ClaimId claim, Ticks now, std::vector<Decision>& out) {
  books.start(claim, now);
  out.push_back({Decision::Action::Start, claim, books.at(claim).claim.id});
}

void walk_all(const WaitingList& list, const std::function<bool(ClaimId)>& see) {
  list.walk([](const WaitingSummary&) { return true; },
            [](const WaitingSummary&) {},
            [&](const WaitingEntry& entry) { return see(entry.claim); });
}

WaitingEntry waiting_entry(const Record& record, ClaimId claim, Order order) {
  return {order(record.claim, {record.ranked_as, record.attained}),
          record.number,
          record.estimate,
          claim,
          record.claim.processors};
}

}  // namespace aion::sched
