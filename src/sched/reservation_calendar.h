// Windows of time in which processors are kept for one user's claims, or for maintenance.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "sched/policy/claim.h"

namespace aion::sched {

/// What is kept: `processors` in [start, end).
struct AdvanceReservation {
  Ticks start = 0;
  Ticks end = 0;
  std::int32_t processors = 0;
  std::int32_t user = -1;  // whose claims may start inside it; -1 = nobody's: maintenance
};

/// A reservation that was made, and its account.
struct ReservedWindow {
  ReservationId id = 0;
  AdvanceReservation kept;
  bool is_open = false;  // it has begun: its processors are out of what is free
  /// At its start: of claims that run outside of all windows, by their requests; and of windows,
  /// itself among them.
  std::int64_t held_at_start = 0;
  std::int64_t kept_at_start = 0;
  std::int64_t used = 0;         // by its members
  std::vector<ClaimId> waiting;  // its members, in the order of submission
  std::vector<ClaimId> running;
};

/// The windows of one machine, the first to begin first. It counts and answers; Books changes what
/// is free. Each call is linear in the windows, of which there are at most `kMost`.
///
/// Not thread-safe: it belongs to one Books.
class ReservationCalendar {
 public:
  static constexpr std::size_t kMost = 1000;

  [[nodiscard]] bool is_empty() const { return windows_.empty(); }
  [[nodiscard]] const std::vector<ReservedWindow>& windows() const { return windows_; }
  [[nodiscard]] ReservedWindow* find(ReservationId id);
  [[nodiscard]] const ReservedWindow* find(ReservationId id) const;

  /// Writes it in; what claims hold at its start is the caller's to say.
  ReservationId add(const AdvanceReservation& kept, std::int64_t held_at_start);
  /// Takes it out and hands over its account; it must be there.
  ReservedWindow take_out(ReservationId id);

  /// Processors of the windows that hold `time`.
  [[nodiscard]] std::int64_t kept_at(Ticks time) const;
  /// Of open windows: all that they keep, and what of it no member uses.
  [[nodiscard]] std::int64_t kept_now() const;
  [[nodiscard]] std::int64_t unused_now() const;

  /// The first window to come whose start a claim would not leave room for that takes `processors`
  /// from `now` to `until`; none: nullptr.
  [[nodiscard]] const ReservedWindow* in_the_way_of(std::int64_t processors,
                                                    Ticks now,
                                                    Ticks until,
                                                    std::int64_t capacity) const;

  /// A claim outside of all windows holds `processors` (negative: no longer) in (from, until).
  void hold(Ticks from, Ticks until, std::int64_t processors);

  /// When a window begins or ends next; kNever without one.
  [[nodiscard]] Ticks next_boundary() const;

 private:
  [[nodiscard]] std::size_t place_of(ReservationId id) const;
  void recount();

  std::vector<ReservedWindow> windows_;  // by start, then by id
  ReservationId last_id_ = 0;
};

}  // namespace aion::sched
