#include "serving/urgency.h"

#include <algorithm>

namespace aion::serving {

void set_urgency(const catalog::Timing& timing,
                 const InferRequest& request,
                 TimePoint arrived,
                 RequestContext& context) {
  const Duration after = request.deadline > Duration{0} ? request.deadline : timing.deadline;
  if (after > Duration{0}) {
    context.deadline = std::min(context.deadline, arrived + after);
  }
  context.criticality = request.criticality.value_or(timing.criticality);
}

TimePoint expiry(const catalog::QueuePolicy& policy,
                 std::chrono::microseconds asked,
                 TimePoint arrived) {
  std::chrono::microseconds timeout = policy.default_timeout;
  if (policy.is_overridable && asked.count() > 0) {
    timeout = timeout.count() > 0 ? std::min(timeout, asked) : asked;
  }
  const auto longest = std::chrono::duration_cast<std::chrono::microseconds>(kNever - arrived);
  return timeout.count() > 0 && timeout < longest ? arrived + timeout : kNever;
}

void count_deadline(Statistics& statistics,
                    const RequestContext& context,
                    const Result<void>& ended,
                    TimePoint now) {
  if (ended) {
    statistics.ended_in_time_or_not(context.criticality,
                                    now <= context.deadline ? DeadlineEnd::Hit : DeadlineEnd::Miss);
  } else if (ended.error().code == Code::Unavailable ||
             ended.error().code == Code::DeadlineExceeded) {
    statistics.ended_in_time_or_not(context.criticality, DeadlineEnd::Shed);
  }
}

}  // namespace aion::serving
