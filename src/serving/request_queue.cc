#include "serving/request_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace aion::serving {

namespace {

// Copying more than this together costs more than the joint run saves, if nobody has said so.
constexpr std::size_t kMostJoinedBytes = 16U << 20U;

std::size_t counted_rows(const QueuedRequest& request) {
  return std::max<std::uint64_t>(request.rows, 1);
}

bool goes_before(const QueueHead& a, const QueueHead& b) {
  return a.criticality != b.criticality ? a.criticality > b.criticality : a.deadline < b.deadline;
}

}  // namespace

const catalog::QueuePolicy& RequestQueue::policy_of(std::uint64_t level) const {
  const auto own = rule_.batching.level_policies.find(level);
  return own == rule_.batching.level_policies.end() ? rule_.batching.policy : own->second;
}

RequestQueue::Turn RequestQueue::turn(std::size_t running, Duration ago) const {
  if (rule_.instances > 0 && running >= rule_.instances) {
    return Turn::Full;
  }
  const bool may = running == 0 || is_hurried_ || !rule_.batch_limit ||
                   ago >= BatchLimit::kLongestAwaited ||
                   !rule_.batch_limit->is_worth_waiting(rows_);
  return may ? Turn::May : Turn::HadBetterWait;
}

bool RequestQueue::is_full(std::uint64_t level) const {
  if (const std::size_t own = policy_of(level).limit; own > 0) {
    const auto found = levels_.find(level);
    return found != levels_.end() && found->second.size() >= own;
  }
  std::size_t as_urgent = 0;
  std::size_t all = 0;
  for (const auto& [number, waiting] : levels_) {
    if (policy_of(number).limit == 0) {
      all += waiting.size();
      as_urgent += number <= level ? waiting.size() : 0;
    }
  }
  return as_urgent >= rule_.limit || all >= 2 * rule_.limit;
}

void RequestQueue::push(const std::shared_ptr<Waiter>& waiter) {
  auto& list = list_of(levels_[waiter->request->level], *waiter);
  auto place = list.end();
  while (place != list.begin() && goes_before(waiter->head, (*std::prev(place))->head)) {
    --place;
  }
  waiter->place = list.insert(place, waiter);
  size_.fetch_add(1, std::memory_order_relaxed);
  rows_ += counted_rows(*waiter->request);
}

void RequestQueue::remove(Waiter& waiter) {
  const auto level = levels_.find(waiter.request->level);
  AION_ASSERT(level != levels_.end());
  list_of(level->second, waiter).erase(waiter.place);
  if (level->second.size() == 0) {
    levels_.erase(level);
  }
  size_.fetch_sub(1, std::memory_order_relaxed);
  rows_ -= counted_rows(*waiter.request);
}

void RequestQueue::move_behind(Waiter& waiter) {
  if (!waiter.is_behind) {
    Level& level = levels_.at(waiter.request->level);
    level.behind.splice(level.behind.end(), level.waiting, waiter.place);
    waiter.is_behind = true;
  }
}

/// Until `visit` returns false.
template <class Visit>
void RequestQueue::for_each_in_order(const Visit& visit) const {
  for (const auto& [number, level] : levels_) {
    for (const auto* const list : {&level.waiting, &level.behind}) {
      for (const auto& waiter : *list) {
        if (!visit(waiter)) {
          return;
        }
      }
    }
  }
}

const Waiter& RequestQueue::first() const {
  const Level& level = levels_.begin()->second;
  return *(level.waiting.empty() ? level.behind : level.waiting).front();
}

QueueHead RequestQueue::head() const {
  QueueHead head = first().head;
  for (const auto& [number, level] : levels_) {
    for (const auto* const list : {&level.waiting, &level.behind}) {
      if (!list->empty()) {
        const QueueHead& own = list->front()->head;
        head.arrival = std::min(head.arrival, own.arrival);
        head.came = std::min(head.came, own.came);
      }
    }
  }
  return head;
}

BatchDecision RequestQueue::decide(std::uint64_t most_rows, TimePoint now) const {
  std::vector<std::uint64_t> rows;
  BatchCandidates candidates;
  candidates.oldest = TimePoint::max();
  const QueuedRequest* first = nullptr;
  std::uint64_t all_rows = 0;
  std::size_t bytes = 0;
  const bool is_learned = rule_.batch_limit && rule_.batch_limit->is_learned();
  const std::size_t most_bytes = is_learned ? kMostJoinedBytes : static_cast<std::size_t>(-1);
  for_each_in_order([&](const std::shared_ptr<Waiter>& waiter) {
    const QueuedRequest& request = *waiter->request;
    bytes += request.input_bytes;
    if (first != nullptr && (bytes > most_bytes || !may_join(*first, request))) {
      candidates.is_closed = true;
      return false;
    }
    first = first == nullptr ? &request : first;
    rows.push_back(request.rows);
    all_rows += request.rows;
    candidates.oldest = std::min(candidates.oldest, waiter->head.came);
    candidates.is_closed = request.rows == 0;
    return all_rows <= most_rows && !candidates.is_closed;
  });
  candidates.rows = rows;
  const Duration delay = is_hurried_ ? Duration{0} : rule_.batching.max_delay;
  const BatchRule rule{most_rows, rule_.batching.preferred, delay};
  return form_batch(candidates, rule, now);
}

TimePoint RequestQueue::due(TimePoint now) const {
  if (is_hurried_ || rule_.batching.max_delay.count() == 0 || !rule_.batch_limit) {
    return now;
  }
  const BatchDecision decision = decide(rule_.batch_limit->rows(first().request->rows), now);
  return decision.requests > 0 ? now : decision.look_again;
}

/// What a run of `rows` like those of `first` takes.
Duration RequestQueue::cost_of(const Waiter& first, std::uint64_t rows) const {
  const Duration learned = latencies_.of(row_bytes_of(*first.request)).p99(rows);
  return learned > Duration{0} ? learned
                               : first.request->usual_cost * static_cast<Duration::rep>(rows);
}

Duration RequestQueue::next_cost() const {
  const Waiter& next = first();
  std::uint64_t rows = counted_rows(*next.request);
  if (rule_.batch_limit && next.request->rows > 0) {
    rows = std::max(rows, std::min<std::uint64_t>(rows_, rule_.batch_limit->usual_rows()));
  }
  return cost_of(next, rows);
}

/// How many of the first `count` requests, at least one, go together in time.
std::size_t RequestQueue::feasible(std::size_t count, TimePoint now, TimePoint end_by) const {
  std::size_t fitting = 0;
  std::uint64_t rows = 0;
  TimePoint earliest = end_by;
  for_each_in_order([&](const std::shared_ptr<Waiter>& waiter) {
    rows += counted_rows(*waiter->request);
    earliest = std::min(earliest, waiter->head.deadline);
    if (fitting > 0 && (earliest != kNever && now + cost_of(first(), rows) > earliest)) {
      return false;
    }
    ++fitting;
    return fitting < count;
  });
  return fitting;
}

RequestQueue::Batch RequestQueue::take(TimePoint now, TimePoint end_by) {
  std::size_t count = 1;
  if (rule_.batch_limit && size() > 1) {
    const std::uint64_t most = rule_.batch_limit->rows(first().request->rows);
    count = most > 1 ? std::max<std::size_t>(decide(most, now).requests, 1) : 1;
  }
  if (count > 1) {
    count = feasible(count, now, end_by);
  }
  Batch batch;
  batch.reserve(count);
  for_each_in_order([&](const std::shared_ptr<Waiter>& waiter) {
    batch.push_back(waiter);
    return batch.size() < count;
  });
  for (const auto& waiter : batch) {
    remove(*waiter);
  }
  return batch;
}

}  // namespace aion::serving
