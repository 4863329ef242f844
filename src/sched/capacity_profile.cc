#include "sched/capacity_profile.h"

#include <algorithm>

#include "base/assert.h"

namespace aion::sched {

CapacityProfile::CapacityProfile(std::int64_t capacity) {
  steps_.push_back({std::numeric_limits<Ticks>::min(), capacity});
}

/// The step that holds at `time`.
std::size_t CapacityProfile::step_at(Ticks time) const {
  const auto after = std::partition_point(steps_.begin() + static_cast<std::ptrdiff_t>(first_) + 1,
                                          steps_.end(),
                                          [&](const Step& step) { return step.from <= time; });
  return static_cast<std::size_t>(after - steps_.begin()) - 1;
}

Ticks CapacityProfile::earliest(std::int64_t processors, Ticks duration, Ticks from) const {
  const std::size_t count = steps_.size();
  std::size_t at = step_at(from);
  while (true) {
    while (steps_[at].free < processors) {
      ++at;
      AION_ASSERT(at < count);
    }
    const Ticks begin = std::max(steps_[at].from, from);
    std::size_t next = at + 1;
    while (next < count && steps_[next].from - begin < duration &&
           steps_[next].free >= processors) {
      ++next;
    }
    if (next == count || steps_[next].from - begin >= duration) {
      return begin;
    }
    at = next;
  }
}

bool CapacityProfile::fits(std::int64_t processors, Ticks from, Ticks to) const {
  for (std::size_t at = step_at(from); at < steps_.size() && steps_[at].from < to; ++at) {
    if (steps_[at].free < processors) {
      return false;
    }
  }
  return true;
}

Ticks CapacityProfile::earlier(std::int64_t processors,
                               Ticks duration,
                               Ticks from,
                               Ticks own) const {
  const std::size_t count = steps_.size();
  Ticks begin = from;
  for (std::size_t at = step_at(from); at < count && steps_[at].from < own; ++at) {
    if (steps_[at].from >= begin + duration) {
      return begin;
    }
    if (steps_[at].free < processors) {
      begin = at + 1 < count ? steps_[at + 1].from : own;
    }
  }
  return std::min(begin, own);
}

/// The step that begins at `time`, made if there is none.
std::size_t CapacityProfile::cut(Ticks time) {
  const std::size_t at = step_at(time);
  if (steps_[at].from == time) {
    return at;
  }
  steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(at) + 1, {time, steps_[at].free});
  return at + 1;
}

void CapacityProfile::change(Ticks from, Ticks to, std::int64_t processors) {
  const std::size_t begin = cut(from);
  const std::size_t end = cut(to);
  for (std::size_t at = begin; at < end; ++at) {
    steps_[at].free += processors;
  }
}

void CapacityProfile::forget(Ticks now) {
  first_ = step_at(now);
  if (steps_.size() >= merge_at_) {
    merge();
  }
}

/// Drops what is forgotten and joins neighbours that are the same; when that leaves much, the next
/// time comes later, so that the work stays a constant for each step that was ever made.
void CapacityProfile::merge() {
  std::size_t kept = 0;
  for (std::size_t at = first_; at < steps_.size(); ++at) {
    if (kept == 0 || steps_[at].free != steps_[kept - 1].free) {
      steps_[kept++] = steps_[at];
    }
  }
  steps_.resize(kept);
  first_ = 0;
  merge_at_ = std::max<std::size_t>(64, kept * 5 / 4);
}

}  // namespace aion::sched
