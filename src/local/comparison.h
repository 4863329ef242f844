// What policies made of one trace, side by side.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "simulate/engine.h"
#include "simulate/figures.h"
#include "simulate/trace.h"

namespace aion::local {

/// One policy's schedule of the trace.
struct Outcome {
  std::string policy;
  simulate::Replay replay;
  simulate::Figures figures;
  std::optional<double> gap;  // above the best lower bound on sum C_i; none where it was not asked
  std::chrono::duration<double> took{};  // of a core, by the engine alone
};

/// A table for people; the first column names the policy.
[[nodiscard]] std::string comparison_text(const simulate::Trace& trace,
                                          const std::vector<Outcome>& outcomes);

/// {"trace":{"name","jobs","processors","dropped","cut"},"policies":[{"name","utilisation",...}]}
[[nodiscard]] Json comparison_json(const simulate::Trace& trace,
                                   const std::vector<Outcome>& outcomes);

}  // namespace aion::local
