// Where a claim stands, for whoever asks why it waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "sched/reservation_calendar.h"

namespace aion::sched {

/// A window, as explanations name it.
struct WindowSummary {
  ReservationId id = 0;
  AdvanceReservation kept;
};

/// Of a claim inside a window, `free`, `capacity`, `ahead` and `waiting` are the window's.
struct Standing {
  bool runs = false;
  std::int32_t processors = 0;  // what it wants
  std::int64_t free = 0;        // of the machine
  std::int64_t capacity = 0;
  std::size_t ahead = 0;    // claims that go before it
  std::size_t waiting = 0;  // claims that wait, itself among them
  Ticks time =
      kNever;  // when it is believed to start (a running claim: to end); kNever = nobody can tell
  bool is_reserved = false;  // the time is promised: no claim that comes later puts it back
  std::int64_t kept = 0;     // processors that open windows keep: they are not free
  std::optional<WindowSummary> inside;    // it belongs to this window
  std::optional<WindowSummary> obstacle;  // it would fit, but may run into this window
};

/// One sentence a stranger understands; `now` and times in ticks, which are seconds in a
/// simulation.
[[nodiscard]] std::string describe(const Standing& standing, Ticks now);

}  // namespace aion::sched
