#include "sched/reservation_calendar.h"

#include <algorithm>

#include "base/assert.h"

namespace aion::sched {

std::size_t ReservationCalendar::place_of(ReservationId id) const {
  const auto found = std::find_if(windows_.begin(),
                                  windows_.end(),
                                  [&](const ReservedWindow& window) { return window.id == id; });
  return static_cast<std::size_t>(found - windows_.begin());
}

ReservedWindow* ReservationCalendar::find(ReservationId id) {
  const std::size_t at = place_of(id);
  return at == windows_.size() ? nullptr : &windows_[at];
}

const ReservedWindow* ReservationCalendar::find(ReservationId id) const {
  const std::size_t at = place_of(id);
  return at == windows_.size() ? nullptr : &windows_[at];
}

ReservationId ReservationCalendar::add(const AdvanceReservation& kept, std::int64_t held_at_start) {
  ReservedWindow window;
  window.id = ++last_id_;
  window.kept = kept;
  window.held_at_start = held_at_start;
  const auto place = std::upper_bound(
      windows_.begin(), windows_.end(), kept.start, [](Ticks start, const ReservedWindow& other) {
        return start < other.kept.start;
      });
  windows_.insert(place, std::move(window));
  recount();
  return last_id_;
}

ReservedWindow ReservationCalendar::take_out(ReservationId id) {
  const std::size_t at = place_of(id);
  AION_ASSERT(at < windows_.size());
  ReservedWindow window = std::move(windows_[at]);
  windows_.erase(windows_.begin() + static_cast<std::ptrdiff_t>(at));
  recount();
  return window;
}

void ReservationCalendar::recount() {
  for (ReservedWindow& window : windows_) {
    window.kept_at_start = kept_at(window.kept.start);
  }
}

std::int64_t ReservationCalendar::kept_at(Ticks time) const {
  std::int64_t sum = 0;
  for (const ReservedWindow& window : windows_) {
    const bool holds = window.kept.start <= time && time < window.kept.end;
    sum += holds ? window.kept.processors : 0;
  }
  return sum;
}

std::int64_t ReservationCalendar::kept_now() const {
  std::int64_t sum = 0;
  for (const ReservedWindow& window : windows_) {
    sum += window.is_open ? window.kept.processors : 0;
  }
  return sum;
}

std::int64_t ReservationCalendar::unused_now() const {
  std::int64_t sum = 0;
  for (const ReservedWindow& window : windows_) {
    sum += window.is_open ? window.kept.processors - window.used : 0;
  }
  return sum;
}

// What runs only ends and windows are known, so it is at the start of a window that most is taken.
const ReservedWindow* ReservationCalendar::in_the_way_of(std::int64_t processors,
                                                         Ticks now,
                                                         Ticks until,
                                                         std::int64_t capacity) const {
  for (const ReservedWindow& window : windows_) {
    if (window.kept.start >= until) {
      break;
    }
    const bool is_to_come = window.kept.start > now;
    if (is_to_come && window.held_at_start + window.kept_at_start + processors > capacity) {
      return &window;
    }
  }
  return nullptr;
}

void ReservationCalendar::hold(Ticks from, Ticks until, std::int64_t processors) {
  for (ReservedWindow& window : windows_) {
    if (window.kept.start > from && window.kept.start < until) {
      window.held_at_start += processors;
    }
  }
}

Ticks ReservationCalendar::next_boundary() const {
  Ticks next = kNever;
  for (const ReservedWindow& window : windows_) {
    next = std::min(next, window.is_open ? window.kept.end : window.kept.start);
  }
  return next;
}

}  // namespace aion::sched
