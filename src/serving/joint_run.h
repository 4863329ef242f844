// Runs several requests as one batch and gives each its own rows of the answer.
#pragma once

#include <cstdint>
#include <span>

#include "base/clock.h"
#include "base/task.h"
#include "runtime/backend/backend.h"
#include "serving/queued_request.h"

namespace aion::serving {

/// What became of a joint run.
struct JointOutcome {
  std::uint64_t executions = 0;  // of the model: 1, or more when the requests had to run one by one
  bool is_whole = false;         // one run answered all
  bool has_misfit = false;       // the model gave other rows than it got: its rows cannot be joined
  bool has_fault = false;        // the run of all failed, perhaps for one of them
};

/// Runs `requests` (at least one; every two of them may_join()) on the calling thread where the
/// library lets it, and sets the answer, begin and end of each. It is cancelled when all of them
/// are. When it fails for what it was given, each runs alone, so that a bad request spoils no
/// other. Between the steps of a run it passes the gate.
[[nodiscard]] Awaitable<JointOutcome> run_joint(runtime::Instance& instance,
                                                std::span<QueuedRequest* const> requests,
                                                const Clock& clock,
                                                runtime::StepGate& gate);

}  // namespace aion::serving
