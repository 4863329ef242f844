#include "catalog/repository/timing_settings.h"

#include <charconv>
#include <string>

#include <catalog/repository/model_config.pb.h>

namespace aion::catalog {

namespace {

using inference::ModelConfig;

constexpr double kLongestMs = 24.0 * 3600 * 1000;

Error wrong(const std::string& key, const std::string& value, const std::string& expected) {
  return Error{
      Code::InvalidArgument,
      "config.pbtxt: field 'parameters[" + key + "]' is '" + value + "', expected " + expected};
}

/// 0 when the parameter is not given.
Result<std::chrono::microseconds> time_of(const ModelConfig& config, const std::string& key) {
  const auto given = config.parameters().find(key);
  if (given == config.parameters().end()) {
    return std::chrono::microseconds{0};
  }
  const std::string& text = given->second.string_value();
  double ms = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, ms);
  constexpr double kShortestMs = 0.001;
  if (fault != std::errc{} || stop != end || !(ms >= kShortestMs && ms <= kLongestMs)) {
    return wrong(key, text, "a number of milliseconds from 0.001 to 86400000");
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::duration<double, std::milli>(ms));
}

}  // namespace

Result<Timing> timing_of(const ModelConfig& config) {
  Timing timing;
  AION_TRY(timing.period, time_of(config, "period_ms"));
  AION_TRY(timing.deadline, time_of(config, "deadline_ms"));
  if (timing.deadline.count() == 0) {
    timing.deadline = timing.period;  // the next one makes it worthless
  }
  const auto criticality = config.parameters().find("criticality");
  if (criticality != config.parameters().end()) {
    const std::string& word = criticality->second.string_value();
    const auto known = find_criticality(word);
    if (!known) {
      return wrong("criticality", word, "safety, normal or best-effort");
    }
    timing.criticality = *known;
  }
  return timing;
}

}  // namespace aion::catalog
