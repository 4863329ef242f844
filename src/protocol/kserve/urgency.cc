#include "protocol/kserve/urgency.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string>

#include "protocol/kserve/infer_fault.h"

namespace aion::kserve {

namespace {

constexpr double kLongestMs = 24.0 * 3600 * 1000;  // sums with a time of day cannot overflow
constexpr std::size_t kShown = 64;                 // of a wrong value

Error wrong(std::string_view field, std::string_view expected, std::string_view got) {
  return Error{Code::InvalidArgument,
               "'" + std::string(field) + "': expected " + std::string(expected) + ", got " +
                   std::string(got)};
}

}  // namespace

Result<Duration> deadline_of(double ms, std::string_view field, std::string_view got) {
  if (!std::isfinite(ms) || ms <= 0 || ms > kLongestMs) {
    return wrong(field, "a number of milliseconds above 0 and at most 86400000", got);
  }
  const auto time =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
  return std::max(time, Duration{1});
}

Result<Criticality> criticality_of(std::string_view text, std::string_view field) {
  if (const auto known = find_criticality(text)) {
    return *known;
  }
  return wrong(field, "safety, normal or best-effort", in_quotes(text.substr(0, kShown)));
}

Result<void> add_urgency(std::string_view deadline_ms,
                         std::string_view criticality,
                         serving::InferRequest& request) {
  if (!deadline_ms.empty()) {
    double ms = 0;
    const char* const end = deadline_ms.data() + deadline_ms.size();
    const auto [stop, fault] = std::from_chars(deadline_ms.data(), end, ms);
    const bool is_number = fault == std::errc{} && stop == end;
    AION_TRY(const Duration after,
             deadline_of(
                 is_number ? ms : 0.0, kDeadlineHeader, in_quotes(deadline_ms.substr(0, kShown))));
    request.deadline = request.deadline > Duration{0} ? std::min(request.deadline, after) : after;
  }
  if (!criticality.empty()) {
    AION_TRY(const Criticality own, criticality_of(criticality, kCriticalityHeader));
    request.criticality = request.criticality.value_or(own);
  }
  return {};
}

}  // namespace aion::kserve
