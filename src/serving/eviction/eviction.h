// The port of eviction policies: which idle model goes when another one needs its memory.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"

namespace aion::serving {

/// What is known of one model that could go.
struct ModelHistory {
  double requests = 0;    // that it had, older ones counting less
  TimePoint last_used{};  // the last of them; the clock's zero = none yet
  Bytes memory{};         // that its going gives back; not zero
  Duration reload{};      // what bringing it back is believed to take
  double age_at_use = 0;  // the highest score that had been evicted when it was last used
};

/// The model with the smallest score goes first. A pure function.
using EvictionScore = double (*)(const ModelHistory&);

/// The one that was not used for the longest time.
[[nodiscard]] double lru_score(const ModelHistory& model);

/// GreedyDual-Size with Frequency (Cherkasova 1998): the one whose return is expected to cost the
/// least for the memory that it gives back. What was used long ago loses against what is used now,
/// because scores grow by those that were evicted.
[[nodiscard]] double gdsf_score(const ModelHistory& model);

}  // namespace aion::serving
