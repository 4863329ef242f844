#include "serving/rhythm.h"

#include <algorithm>

namespace aion::serving {

void Rhythm::note(TimePoint now) {
  const bool is_first = last_ == TimePoint{};
  if (!is_first && now - last_ < kBurst) {
    return;
  }
  if (!is_first) {
    intervals_[count_++ % kIntervals] = now - last_;
  }
  last_ = now;
}

std::optional<TimePoint> Rhythm::next(TimePoint now) const {
  if (count_ < kIntervals) {
    return std::nullopt;
  }
  const auto [least, most] = std::ranges::minmax(intervals_);
  // A tenth: a timer of another process is late by milliseconds, a person by more.
  if ((most - least) * 10 > most) {
    return std::nullopt;
  }
  const Duration period = (least + most) / 2;
  TimePoint next = last_ + period;
  for (int missed = 0; next + period / 10 < now; ++missed) {
    if (missed == 2) {
      return std::nullopt;
    }
    next += period;
  }
  return next;
}

}  // namespace aion::serving
