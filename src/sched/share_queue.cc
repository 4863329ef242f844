#include "sched/share_queue.h"

#include <algorithm>
#include <vector>

#include "sched/backfill_room.h"

namespace aion::sched {

namespace {

constexpr Ticks kPatience = 129'600;

}  // namespace

double ShareQueue::key_of(std::int32_t user) const {
  if (half_life_ > 0) {
    return history_.key(user);
  }
  const auto found = users_.find(user);
  return found == users_.end() ? 0 : static_cast<double>(found->second.held);
}

void ShareQueue::leave_order(std::int32_t user) {
  const auto found = users_.find(user);
  if (found != users_.end() && !found->second.waiting.empty()) {
    order_.erase({key_of(user), found->second.waiting.begin()->first, user});
  }
}

void ShareQueue::enter_order(std::int32_t user) {
  const auto found = users_.find(user);
  if (found == users_.end()) {
    return;
  }
  if (!found->second.waiting.empty()) {
    order_.insert({key_of(user), found->second.waiting.begin()->first, user});
  } else if (found->second.held == 0) {
    users_.erase(found);
  }
}

void ShareQueue::add(ClaimId claim) {
  const std::int32_t user = user_of(claim);
  leave_order(user);
  users_[user].waiting.insert(place_of(claim));
  enter_order(user);
  by_number_.insert(place_of(claim));
  is_settled_ = false;
}

/// Out of all indexes; the user's place in the order is the caller's to mend.
void ShareQueue::drop(ClaimId claim) {
  if (reserved_ == claim) {
    reserved_.reset();
  }
  users_.at(user_of(claim)).waiting.erase(place_of(claim));
  by_number_.erase(place_of(claim));
}

/// It counts from now on as what its user holds, and is charged as if it had just been started.
void ShareQueue::adopt(ClaimId claim, Ticks now) {
  leave_order(user_of(claim));
  hold(claim, now);
  enter_order(user_of(claim));
  is_settled_ = false;
}

void ShareQueue::hold(ClaimId claim, Ticks now) {
  const Record& record = books_.at(claim);
  const std::int32_t user = record.claim.user;
  users_[user].held += record.claim.processors;
  if (half_life_ > 0) {
    const double believed = static_cast<double>(record.estimate) * record.claim.processors;
    charged_[claim] = believed;
    history_.charge(user, believed, now);
  }
}

void ShareQueue::remove(ClaimId claim) {
  leave_order(user_of(claim));
  drop(claim);
  enter_order(user_of(claim));
  is_settled_ = false;
}

void ShareQueue::released(ClaimId claim, Ticks now) {
  const Record& record = books_.at(claim);
  const std::int32_t user = record.claim.user;
  leave_order(user);
  users_.at(user).held -= record.claim.processors;
  if (half_life_ > 0) {
    // What it was charged when it started was believed; this is what it took. It counts from the
    // same time, or who asks for too much would be charged too little.
    const double took = static_cast<double>(now - record.started) * record.claim.processors;
    const auto charged = charged_.extract(claim);
    history_.charge(user, took - charged.mapped(), record.started);
  }
  enter_order(user);
  is_settled_ = false;
}

void ShareQueue::begin(ClaimId claim, Ticks now, std::vector<Decision>& out) {
  const std::int32_t user = user_of(claim);
  leave_order(user);
  drop(claim);
  hold(claim, now);
  enter_order(user);
  start(books_, claim, now, out);
}

/// There is a claim that waits.
ClaimId ShareQueue::head(Ticks now) const {
  if (reserved_) {
    return *reserved_;
  }
  const ClaimId oldest = by_number_.begin()->second;
  if (now - books_.at(oldest).claim.arrival > kPatience) {
    return oldest;
  }
  return users_.at(order_.begin()->user).waiting.begin()->second;
}

void ShareQueue::decide(Ticks now, std::vector<Decision>& out) {
  history_.advance(now);
  if (history_.has_moved()) {
    order_.clear();
    for (const auto& [number, user] : users_) {
      if (!user.waiting.empty()) {
        order_.insert({key_of(number), user.waiting.begin()->first, number});
      }
    }
  }
  if (is_settled_) {
    return;
  }
  while (!by_number_.empty()) {
    const ClaimId first = head(now);
    if (books_.at(first).claim.processors > books_.free() || books_.is_kept_off(first, now)) {
      reserved_ = first;
      backfill(now, out);
      break;
    }
    begin(first, now, out);
  }
  is_settled_ = true;
}

/// Starts what does not delay the head, in the order in which all wait.
void ShareQueue::backfill(Ticks now, std::vector<Decision>& out) {
  const ClaimId first = *reserved_;
  BackfillRoom room(books_, books_.at(first), now);
  std::vector<ClaimId> others;
  walk([&](ClaimId claim) {
    others.push_back(claim);
    return true;
  });
  for (const ClaimId claim : others) {
    if (books_.free() <= 0) {
      return;
    }
    const Record& record = books_.at(claim);
    const bool fits = claim != first && record.claim.processors <= books_.free() &&
                      !books_.is_kept_off(claim, now);
    if (fits && room.take(record.claim.processors, record.estimate, now)) {
      begin(claim, now, out);
    }
  }
}

void ShareQueue::walk(const std::function<bool(ClaimId)>& see) const {
  if (reserved_ && !see(*reserved_)) {
    return;
  }
  for (const Standing& standing : order_) {
    for (const Place& place : users_.at(standing.user).waiting) {
      if (place.second != reserved_ && !see(place.second)) {
        return;
      }
    }
  }
}

std::size_t ShareQueue::position(ClaimId claim) const {
  std::size_t before = 0;
  walk([&](ClaimId other) {
    before += other == claim ? 0 : 1;
    return other != claim;
  });
  return before;
}

}  // namespace aion::sched
