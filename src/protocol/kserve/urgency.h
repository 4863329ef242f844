// How urgent a client says that its request is: a header, metadata of a call, or a parameter.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/request_context.h"
#include "base/result.h"
#include "serving/inference.h"

namespace aion::kserve {

// As they stand in HTTP headers (in any case), in the metadata of gRPC, and among the parameters.
inline constexpr std::string_view kDeadlineHeader = "aion-deadline-ms";
inline constexpr std::string_view kCriticalityHeader = "aion-criticality";
inline constexpr std::string_view kDeadlineParameter = "aion_deadline_ms";
inline constexpr std::string_view kCriticalityParameter = "aion_criticality";

/// Milliseconds above 0 and at most a day. InvalidArgument names `field`, and says what came in the
/// words `got`.
[[nodiscard]] Result<Duration> deadline_of(double ms, std::string_view field, std::string_view got);

/// "safety", "normal" or "best-effort". InvalidArgument names `field`.
[[nodiscard]] Result<Criticality> criticality_of(std::string_view text, std::string_view field);

/// What stands in the headers, empty where there is none, is put into a request that has been
/// decoded: of two deadlines the earlier one counts, of two classes the one among the parameters.
[[nodiscard]] Result<void> add_urgency(std::string_view deadline_ms,
                                       std::string_view criticality,
                                       serving::InferRequest& request);

}  // namespace aion::kserve
