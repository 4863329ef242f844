// Which of the waiting requests of one model go together now.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"

namespace aion::serving {

struct BatchRule {
  std::uint64_t most_rows = 1;
  std::vector<std::int64_t> preferred;  // sizes in rows, ascending; empty = none is better
  Duration max_delay{0};                // how long the oldest may wait for others
};

/// The requests at the head of a queue that may run together, as a rule sees them.
struct BatchCandidates {
  std::span<const std::uint64_t> rows;  // of each, in their order; never empty
  bool is_closed = false;               // the next one that waits cannot be joined to these
  TimePoint oldest;                     // when the first of them to come came
};

struct BatchDecision {
  std::size_t requests = 0;       // that go now, from the head; 0 = wait for more
  TimePoint look_again = kNever;  // when 0: the time at which they go as they are
};

/// Decides and does nothing else: no clock, no state. The first candidate goes even if it has more
/// rows than the rule allows.
///
/// As Triton's dynamic batcher does it: the largest preferred size that can be formed goes at once;
/// else what is there goes when nothing can be added to it, when it has as many rows as the largest
/// preferred size, or when the delay of its oldest is over.
[[nodiscard]] BatchDecision form_batch(const BatchCandidates& candidates,
                                       const BatchRule& rule,
                                       TimePoint now);

}  // namespace aion::serving
