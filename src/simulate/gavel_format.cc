// Gavel's traces, which tell steps where others tell seconds.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "base/json.h"
#include "simulate/trace_formats.h"

namespace aion::simulate {
namespace {

constexpr std::size_t kFields = 7;
constexpr std::array<std::string_view, kFields> kNames{"job type",
                                                       "command",
                                                       "working folder or steps argument",
                                                       "needs data",
                                                       "total steps",
                                                       "arrival time",
                                                       "scale factor"};
enum Field : std::size_t { kType = 0, kSteps = 4, kArrival = 5, kScale = 6 };
constexpr auto kDevice = "v100";

/// Steps per second of a job type on so many devices, alone on them.
using Throughputs = std::map<std::pair<std::string, std::int64_t>, double, std::less<>>;

/// "('ResNet-18 (batch size 16)', 2)" -> the type and the scale.
std::optional<std::pair<std::string, std::int64_t>> job_type(std::string_view key) {
  const std::size_t end = key.rfind("', ");
  if (!key.starts_with("('") || !key.ends_with(')') || end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t begin = end + 3;
  const auto scale = whole_number(key.substr(begin, key.size() - 1 - begin));
  return scale ? std::optional(std::pair(std::string(key.substr(2, end - 2)), *scale))
               : std::nullopt;
}

Result<Throughputs> throughputs_of(const std::string& text) {
  AION_TRY(const Json json, parse_json(text));
  const Error wrong{Code::InvalidArgument,
                    "expected gavel's throughputs: {\"v100\": {\"('JOB TYPE', SCALE)\": {\"null\": "
                    "STEPS PER SECOND}}}"};
  if (!json.is_object() || !json.contains(kDevice) || !json[kDevice].is_object()) {
    return wrong;
  }
  Throughputs all;
  for (const auto& [key, rates] : json[kDevice].items()) {
    auto type = job_type(key);
    const bool has_rate = rates.is_object() && rates.contains("null") && rates["null"].is_number();
    if (!type || !has_rate || rates["null"].get<double>() <= 0) {
      return Error{wrong.code, wrong.message + "; got " + shown(key)};
    }
    all.emplace(*std::move(type), rates["null"].get<double>());
  }
  return all;
}

class GavelParser final : public TraceParser {
 public:
  explicit GavelParser(Throughputs throughputs) : throughputs_(std::move(throughputs)) {}

  Result<void> take(std::string_view line, std::int64_t number, TraceBuilder& trace) override {
    AION_TRY_VOID(split(line));
    if (!trace.takes_next()) {
      return {};
    }
    TraceJob job;
    job.id = number;
    AION_TRY(job.submit, value(kArrival, kMostSeconds));
    AION_TRY(const std::int64_t steps, value(kSteps, std::int64_t{1} << 50U));
    AION_TRY(const std::int64_t scale, value(kScale, kMostProcessors));
    job.processors = static_cast<std::int32_t>(scale);
    AION_TRY(const double rate, rate_of(scale));
    const double seconds = std::ceil(static_cast<double>(steps) / rate);
    job.runtime =
        static_cast<std::int64_t>(std::min(seconds, static_cast<double>(kMostSeconds + 1)));
    job.name = trace.names.number_of(fields_[kType]);
    return trace.add(job, number);
  }

 private:
  Result<void> split(std::string_view line) {
    std::size_t count = 0;
    for (std::size_t begin = 0; begin <= line.size(); ++count) {
      const std::size_t end = std::min(line.find('\t', begin), line.size());
      if (count < kFields) {
        fields_[count] = line.substr(begin, end - begin);
      }
      begin = end + 1;
    }
    if (count != kFields) {
      return Error{Code::InvalidArgument,
                   "expected 7 fields between tabs, as gavel has, got " + std::to_string(count) +
                       ": " + shown(line)};
    }
    return {};
  }

  [[nodiscard]] Result<std::int64_t> value(Field field, std::int64_t most) const {
    const auto number = whole_number(fields_[field]);
    if (!number || *number > most || *number < -most) {
      return Error{Code::InvalidArgument,
                   "field " + std::to_string(field + 1) + " (" + std::string(kNames[field]) +
                       "): expected a number from " + std::to_string(-most) + " to " +
                       std::to_string(most) + ", got " + shown(fields_[field])};
    }
    return *number;
  }

  /// Where a type was not measured on so many devices, its steps are taken to be as fast as on one.
  [[nodiscard]] Result<double> rate_of(std::int64_t scale) const {
    for (const std::int64_t measured : {scale, std::int64_t{1}}) {
      const auto known = throughputs_.find(std::pair(std::string(fields_[kType]), measured));
      if (known != throughputs_.end()) {
        return known->second;
      }
    }
    return Error{Code::InvalidArgument,
                 "field 1 (job type): expected one that the table of throughputs has on '" +
                     std::string(kDevice) + "', got " + shown(fields_[kType])};
  }

  Throughputs throughputs_;
  std::array<std::string_view, kFields> fields_;
};

bool is_gavel(std::string_view first_line) {
  return std::count(first_line.begin(), first_line.end(), '\t') == kFields - 1 &&
         !first_line.starts_with(';') && first_line.find("\t-") != std::string_view::npos;
}

}  // namespace

TraceFormat gavel_format() {
  return {
      "gavel",
      "7 fields between tabs, the first a job type such as 'ResNet-18 (batch size 16)' (Gavel)",
      is_gavel,
      [](const FormatContext& context) -> Result<std::unique_ptr<TraceParser>> {
        AION_TRY(const std::string text, context.throughputs());
        auto throughputs = throughputs_of(text);
        if (!throughputs) {
          return in_context("table of throughputs", throughputs.error());
        }
        return std::unique_ptr<TraceParser>(std::make_unique<GavelParser>(*std::move(throughputs)));
      }};
}

}  // namespace aion::simulate
