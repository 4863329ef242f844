// How urgent a request is: by its own word, or by its model's configuration.
#pragma once

#include <chrono>

#include "base/request_context.h"
#include "catalog/model/model.h"
#include "serving/inference.h"
#include "serving/statistics.h"

namespace aion::serving {

/// Of two deadlines (the call's and the request's, or else the model's) the earlier one counts. A
/// request that has come at `arrived`.
void set_urgency(const catalog::Timing& timing,
                 const InferRequest& request,
                 TimePoint arrived,
                 RequestContext& context);

/// When a request that came at `arrived` and asks for a timeout (0 = none) of its own has waited
/// too long.
[[nodiscard]] TimePoint expiry(const catalog::QueuePolicy& policy,
                               std::chrono::microseconds asked,
                               TimePoint arrived);

/// Counts what became of a request with a deadline; one that failed or was cancelled counts
/// nowhere.
void count_deadline(Statistics& statistics,
                    const RequestContext& context,
                    const Result<void>& ended,
                    TimePoint now);

}  // namespace aion::serving
