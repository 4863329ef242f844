// Where a claim stands, for whoever asks why it waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sched/policy/claim.h"

namespace aion::sched {

struct Standing {
  bool runs = false;
  std::int32_t processors = 0;  // what it wants
  std::int64_t free = 0;        // of the machine
  std::int64_t capacity = 0;
  std::size_t ahead = 0;    // claims that go before it
  std::size_t waiting = 0;  // claims that wait, itself among them
  Ticks time =
      kNever;  // when it is believed to start (a running claim: to end); kNever = nobody can tell
  bool is_reserved = false;  // the time is promised: nothing that comes later puts it back
};

/// One sentence a stranger understands; `now` and times in ticks, which are seconds in a
/// simulation.
[[nodiscard]] std::string describe(const Standing& standing, Ticks now);

}  // namespace aion::sched
