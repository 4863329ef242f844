// What aion top shows: what lies between two looks at a daemon.
#pragma once

#include <chrono>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace aion::cli {

/// One look: the daemon's answers at one moment.
struct Look {
  std::chrono::steady_clock::time_point at;
  Json status;   // /api/aion/v1/status
  Json devices;  // /api/aion/v1/devices
  Json models;   // /api/aion/v1/activity
  Json jobs{};   // /api/aion/v1/jobs?open=true; null = the daemon does not tell
};

/// {"status","devices","pressure","models","jobs"}: as in `now`, each model with "requests_per_s",
/// "rows_per_s", "failed_per_s", "mean_ms", "queue_ms" and "run_ms" of the time since `before`
/// where they are known; the busiest model first. The two may be one look: then no rate is known.
/// A model that was loaded anew between the two has no rates. Throws what the JSON library throws
/// on an answer that makes no sense: see read_answer().
[[nodiscard]] Result<Json> activity_between(const Look& before, const Look& now);

/// The same for people: devices, leases, models, jobs that have not ended (those that run first).
[[nodiscard]] Result<std::string> top_text(const Json& activity);

}  // namespace aion::cli
