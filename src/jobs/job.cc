#include "jobs/job.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <limits>
#include <utility>

#include "base/config_table.h"
#include "jobs/environment/environments.h"

namespace aion::jobs {

namespace {

constexpr std::size_t kMostArguments = 10'000;
constexpr std::size_t kMostVariables = 20'000;
constexpr std::size_t kMostBytes = 1U << 20U;  // of arguments and environment together
constexpr std::size_t kMostName = 200;
constexpr std::size_t kMostAfter = 1'000;
constexpr std::uint32_t kMostMembers = 1'024;
constexpr std::uint32_t kMostRetries = 1'000;
constexpr double kMostCores = 100'000;
constexpr double kMostGpus = 1'000;
constexpr int kMostSignal = 64;
constexpr std::int64_t kMostMs = std::int64_t{1000} * 3600 * 24 * 3660;  // ten years
constexpr std::int32_t kMostPriority = 1'000'000;

constexpr std::array<std::string_view, 3> kOnNames{"success", "failure", "end"};
constexpr std::array<std::string_view, 7> kEndNames{
    "exited", "signalled", "out-of-memory", "time-limit", "stopped", "not-started", "lost"};

Error expected(std::string_view field, const std::string& what, const std::string& came) {
  constexpr std::size_t kMostShown = 100;
  return {Code::InvalidArgument,
          "'" + std::string(field) + "': expected " + what + ", got " + came.substr(0, kMostShown)};
}

Error unexpected(std::string_view field, const std::string& what, const Json& came) {
  return expected(field, what, to_text(came));
}

bool has_zero(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

Result<void> check_text(std::string_view field, std::string_view text, std::size_t most) {
  if (text.size() > most || has_zero(text)) {
    return expected(field,
                    "text of at most " + std::to_string(most) + " bytes without zeros",
                    std::to_string(text.size()) + " bytes");
  }
  return {};
}

Result<void> check_number(std::string_view field, double value, double least, double most) {
  if (!(value >= least && value <= most)) {
    const auto text = [](double number) {
      return to_text(Json(number));
    };
    return expected(field, "a number from " + text(least) + " to " + text(most), text(value));
  }
  return {};
}

Result<void> check_time(std::string_view field, std::chrono::milliseconds time) {
  if (time.count() < 0 || time.count() > kMostMs) {
    return expected(
        field, "milliseconds from 0 to " + std::to_string(kMostMs), std::to_string(time.count()));
  }
  return {};
}

/// What a field of the JSON is read into.
Result<void> read(std::string_view field, const Json& json, std::string& into) {
  if (!json.is_string()) {
    return unexpected(field, "a string", json);
  }
  into = json.get<std::string>();
  return {};
}

Result<void> read(std::string_view field, const Json& json, double& into) {
  if (!json.is_number()) {
    return unexpected(field, "a number", json);
  }
  into = json.get<double>();
  return {};
}

Result<void> read(std::string_view field, const Json& json, bool& into) {
  if (!json.is_boolean()) {
    return unexpected(field, "true or false", json);
  }
  into = json.get<bool>();
  return {};
}

template <std::integral Number>
Result<void> read(std::string_view field, const Json& json, Number& into) {
  const bool is_whole = json.is_number_integer();
  const bool is_above =
      json.is_number_unsigned() &&
      json.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<Number>::max()};
  const bool is_below =
      is_whole && !json.is_number_unsigned() &&
      (std::unsigned_integral<Number> ||
       json.get<std::int64_t>() < std::int64_t{std::numeric_limits<Number>::min()});
  if (!is_whole || is_above || is_below) {
    return unexpected(field,
                      "a whole number from " + std::to_string(std::numeric_limits<Number>::min()) +
                          " to " + std::to_string(std::numeric_limits<Number>::max()),
                      json);
  }
  into = json.get<Number>();
  return {};
}

Result<void> read(std::string_view field, const Json& json, Bytes& into) {
  return read(field, json, into.count);
}

Result<void> read(std::string_view field, const Json& json, std::chrono::milliseconds& into) {
  std::int64_t count = 0;
  AION_TRY_VOID(read(field, json, count));
  into = std::chrono::milliseconds(count);
  return check_time(field, into);
}

Result<void> read(std::string_view field, const Json& json, std::filesystem::path& into) {
  std::string text;
  AION_TRY_VOID(read(field, json, text));
  into = text;
  return {};
}

Result<void> read(std::string_view field, const Json& json, std::vector<std::string>& into) {
  if (!json.is_array()) {
    return unexpected(field, "a list of strings", json);
  }
  for (std::size_t i = 0; i < json.size(); ++i) {
    AION_TRY_VOID(
        read(std::string(field) + "[" + std::to_string(i) + "]", json[i], into.emplace_back()));
  }
  return {};
}

Result<void> read(std::string_view field,
                  const Json& json,
                  std::map<std::string, std::string>& into) {
  if (!json.is_object()) {
    return unexpected(field, "an object of strings", json);
  }
  for (const auto& [key, value] : json.items()) {
    AION_TRY_VOID(read(std::string(field) + "." + key, value, into[key]));
  }
  return {};
}

Result<void> read(std::string_view field, const Json& json, Dependency::On& into) {
  const auto* const found = std::ranges::find_if(
      kOnNames, [&](std::string_view name) { return json.is_string() && json == name; });
  if (found == kOnNames.end()) {
    return unexpected(field, "success, failure or end", json);
  }
  into = static_cast<Dependency::On>(found - kOnNames.begin());
  return {};
}

Result<void> read(std::string_view field, const Json& json, std::vector<Dependency>& into) {
  if (!json.is_array()) {
    return unexpected(field, "a list of {\"job\":NUMBER,\"on\":\"success\"}", json);
  }
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string name = std::string(field) + "[" + std::to_string(i) + "]";
    Dependency one;
    if (!json[i].is_object() || !json[i].contains("job")) {
      return unexpected(name, "an object with 'job'", json[i]);
    }
    for (const auto& [key, value] : json[i].items()) {
      const std::string inner = name + "." + key;
      AION_TRY_VOID(key == "job" ? read(inner, value, one.job)
                    : key == "on"
                        ? read(inner, value, one.on)
                        : Result<void>(unexpected(inner, "job or on as its name", value)));
    }
    into.push_back(one);
  }
  return {};
}

/// Every field by its name: what is read, and what is written.
template <class Spec, class Each>
Result<void> for_each_field(Spec& spec, const Each& each) {
  AION_TRY_VOID(each("name", spec.name));
  AION_TRY_VOID(each("command", spec.command));
  AION_TRY_VOID(each("environment", spec.environment));
  AION_TRY_VOID(each("folder", spec.folder));
  AION_TRY_VOID(each("requirements", spec.requirements));
  AION_TRY_VOID(each("python", spec.python));
  AION_TRY_VOID(each("cores", spec.cores));
  AION_TRY_VOID(each("memory_bytes", spec.memory));
  AION_TRY_VOID(each("gpus", spec.gpus));
  AION_TRY_VOID(each("gpu_memory_bytes", spec.gpu_memory));
  AION_TRY_VOID(each("members", spec.members));
  AION_TRY_VOID(each("priority", spec.priority));
  AION_TRY_VOID(each("time_limit_ms", spec.time_limit));
  AION_TRY_VOID(each("deadline_ms", spec.deadline));
  AION_TRY_VOID(each("grace_ms", spec.grace));
  AION_TRY_VOID(each("stop_signal", spec.stop_signal));
  AION_TRY_VOID(each("retries", spec.retries));
  AION_TRY_VOID(each("back_off_ms", spec.back_off));
  AION_TRY_VOID(each("requeue", spec.requeues));
  AION_TRY_VOID(each("after", spec.after));
  return Result<void>();
}

template <class Value>
Json json_of(const Value& value) {
  return Json(value);
}
Json json_of(const Bytes& value) {
  return Json(value.count);
}
Json json_of(const std::chrono::milliseconds& value) {
  return Json(value.count());
}
Json json_of(const std::filesystem::path& value) {
  return Json(value.string());
}
Json json_of(const std::vector<Dependency>& value) {
  Json list = Json::array();
  for (const Dependency& one : value) {
    list.push_back({{"job", one.job}, {"on", name_of(one.on)}});
  }
  return list;
}

Result<void> check_command(const JobSpec& spec) {
  if (spec.command.empty() || spec.command.front().empty() ||
      spec.command.size() > kMostArguments) {
    return expected("command",
                    "a program and at most " + std::to_string(kMostArguments) + " arguments",
                    std::to_string(spec.command.size()) + " of them");
  }
  if (spec.environment.size() > kMostVariables) {
    return expected("environment",
                    "at most " + std::to_string(kMostVariables) + " variables",
                    std::to_string(spec.environment.size()));
  }
  std::size_t bytes = 0;
  for (const std::string& argument : spec.command) {
    AION_TRY_VOID(check_text("command", argument, kMostBytes));
    bytes += argument.size() + 1;
  }
  for (const auto& [name, value] : spec.environment) {
    AION_TRY_VOID(check_text("environment." + name, value, kMostBytes));
    if (name.empty() || has_zero(name) || name.find('=') != std::string::npos) {
      return expected("environment", "names without '='", "'" + name + "'");
    }
    bytes += name.size() + value.size() + 2;
  }
  if (bytes > kMostBytes) {
    return expected("command",
                    "at most " + std::to_string(kMostBytes) + " bytes with its environment",
                    std::to_string(bytes));
  }
  return {};
}

}  // namespace

std::string_view name_of(Dependency::On on) {
  return kOnNames[static_cast<std::size_t>(on)];
}

std::string_view name_of(EndKind kind) {
  return kEndNames[static_cast<std::size_t>(kind)];
}

std::optional<EndKind> find_end_kind(std::string_view name) {
  const auto* const found = std::ranges::find(kEndNames, name);
  return found == kEndNames.end() ? std::nullopt
                                  : std::optional(static_cast<EndKind>(found - kEndNames.begin()));
}

Result<void> JobSpec::check() const {
  AION_TRY_VOID(check_text("name", name, kMostName));
  AION_TRY_VOID(check_command(*this));
  if (!folder.is_absolute() || has_zero(folder.native())) {
    return expected("folder", "an absolute path", "'" + folder.string() + "'");
  }
  AION_TRY_VOID(normalised(requirements));
  AION_TRY_VOID(check_text("python", python, kMostName));
  if (python.starts_with('-')) {
    return expected("python", "a version such as 3.11, or a program", "'" + python + "'");
  }
  AION_TRY_VOID(check_number("cores", cores, 0.001, kMostCores));
  AION_TRY_VOID(check_number("gpus", gpus, 0, kMostGpus));
  if (gpus > 1 && gpus != std::floor(gpus)) {
    return expected("gpus", "a part of one, or whole ones", to_text(Json(gpus)));
  }
  if (memory.count == 0) {
    return expected("memory_bytes", "at least 1", "0");
  }
  AION_TRY_VOID(check_number("members", members, 1, kMostMembers));
  AION_TRY_VOID(check_number("priority", priority, -kMostPriority, kMostPriority));
  AION_TRY_VOID(check_number("stop_signal", stop_signal, 1, kMostSignal));
  AION_TRY_VOID(check_number("retries", retries, 0, kMostRetries));
  AION_TRY_VOID(check_number("after", static_cast<double>(after.size()), 0, kMostAfter));
  AION_TRY_VOID(check_time("time_limit_ms", time_limit));
  AION_TRY_VOID(check_time("deadline_ms", deadline));
  AION_TRY_VOID(check_time("grace_ms", grace));
  return check_time("back_off_ms", back_off);
}

std::string JobSpec::display_name() const {
  return name.empty() && !command.empty()
             ? std::filesystem::path(command.front()).filename().string()
             : name;
}

Result<JobSpec> parse_spec(const Json& json) {
  if (!json.is_object()) {
    return unexpected("", "an object", json);
  }
  JobSpec spec;
  std::vector<std::string> known;
  const auto take = [&](std::string_view field, auto& into) -> Result<void> {
    known.emplace_back(field);
    const auto found = json.find(field);
    return found == json.end() ? Result<void>() : read(field, *found, into);
  };
  AION_TRY_VOID(for_each_field(spec, take));
  for (const auto& [key, value] : json.items()) {
    if (std::ranges::find(known, key) == known.end()) {
      return unknown_word("field", key, known);
    }
  }
  AION_TRY_VOID(spec.check());
  return spec;
}

Json to_json(const JobSpec& spec) {
  Json json = Json::object();
  const auto put = [&](std::string_view field, const auto& value) -> Result<void> {
    json[std::string(field)] = json_of(value);
    return {};
  };
  [[maybe_unused]] const auto always = for_each_field(spec, put);
  return json;
}

}  // namespace aion::jobs
