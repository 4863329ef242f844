#include "cli/job_spec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <utility>

#include <signal.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/toml.h"
#include "cli/number_flag.h"

namespace aion::cli {

namespace {

constexpr std::size_t kMostFile = 4U << 20U;
constexpr std::uint64_t kMostIndices = 100'000;
constexpr double kMostCores = 1e6;

// Without these a program is not found, does not find its user's files, or speaks another language.
constexpr std::array<const char*, 12> kPassedOn{"PATH",
                                                "HOME",
                                                "USER",
                                                "LOGNAME",
                                                "SHELL",
                                                "LANG",
                                                "LC_ALL",
                                                "TZ",
                                                "VIRTUAL_ENV",
                                                "CONDA_PREFIX",
                                                "PYTHONPATH",
                                                "LD_LIBRARY_PATH"};

struct SignalName {
  const char* name;
  int number;
};
constexpr std::array<SignalName, 8> kSignals{{{"HUP", SIGHUP},
                                              {"INT", SIGINT},
                                              {"QUIT", SIGQUIT},
                                              {"USR1", SIGUSR1},
                                              {"USR2", SIGUSR2},
                                              {"TERM", SIGTERM},
                                              {"CONT", SIGCONT},
                                              {"KILL", SIGKILL}}};

Error expected(const std::string& flag, const std::string& what, const std::string& came) {
  return {Code::InvalidArgument, "--" + flag + ": expected " + what + ", got '" + came + "'"};
}

Result<int> signal_of(const std::string& text) {
  std::string name = text.starts_with("SIG") ? text.substr(3) : text;
  for (const SignalName& one : kSignals) {
    if (name == one.name) {
      return one.number;
    }
  }
  int number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return expected("stop-signal", "a signal such as USR1 or 10", text);
  }
  return number;
}

Json usual_environment() {
  Json environment = Json::object();
  for (const char* const name : kPassedOn) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    if (value != nullptr) {
      environment[name] = value;
    }
  }
  return environment;
}

Result<Json> read_job_file(const std::string& name) {
  AION_TRY(const std::string text, read_file(name, kMostFile));
  auto json = name.ends_with(".json") ? parse_json(text) : parse_toml(text);
  if (!json) {
    return in_context(name, json.error());
  }
  if (!json->is_object()) {
    return Error{Code::InvalidArgument, name + ": expected an object"};
  }
  return json;
}

Result<void> put_bytes(const Arguments& arguments,
                       const std::string& flag,
                       const char* field,
                       Json& spec) {
  if (const auto text = arguments.value(flag)) {
    const auto bytes = parse_bytes(*text);
    if (!bytes) {
      return in_context("--" + flag, bytes.error());
    }
    spec[field] = bytes->count;
  }
  return {};
}

Result<void> put_time(const Arguments& arguments,
                      const std::string& flag,
                      const char* field,
                      Json& spec) {
  if (const auto text = arguments.value(flag)) {
    const auto time = parse_time(*text);
    if (!time) {
      return in_context("--" + flag, time.error());
    }
    spec[field] = *time;
  }
  return {};
}

template <class Number>
Result<void> put_number(const Arguments& arguments,
                        const std::string& flag,
                        const char* field,
                        Number least,
                        Number most,
                        Json& spec) {
  if (arguments.value(flag)) {
    AION_TRY(const Number number, number_flag(arguments, flag, least, least, most));
    spec[field] = number;
  }
  return {};
}

Result<void> put_environment(const Arguments& arguments, Json& spec) {
  Json environment = usual_environment();
  if (spec.contains("environment") && spec["environment"].is_object()) {
    environment.update(spec["environment"]);
  }
  for (const std::string& given : arguments.values("env")) {
    const std::size_t equals = given.find('=');
    if (equals == std::string::npos || equals == 0) {
      return expected("env", "NAME=VALUE", given);
    }
    environment[given.substr(0, equals)] = given.substr(equals + 1);
  }
  spec["environment"] = std::move(environment);
  return {};
}

/// --after 12 or 12:failure
Result<void> put_after(const Arguments& arguments, Json& spec) {
  const auto given = arguments.values("after");
  if (given.empty()) {
    return {};
  }
  spec["after"] = Json::array();
  for (const std::string& one : given) {
    const std::size_t colon = std::min(one.find(':'), one.size());
    std::uint64_t number = 0;
    const auto read = std::from_chars(one.data(), one.data() + colon, number);
    if (read.ec != std::errc() || read.ptr != one.data() + colon) {
      return expected("after", "JOB or JOB:success, :failure or :end", one);
    }
    Json after{{"job", number}};
    if (colon < one.size()) {
      after["on"] = one.substr(colon + 1);
    }
    spec["after"].push_back(std::move(after));
  }
  return {};
}

Result<void> put_folder(const Arguments& arguments, Json& spec) {
  std::string folder = arguments.value("chdir").value_or(spec.value("folder", ""));
  std::error_code failed;
  const auto absolute = std::filesystem::absolute(folder.empty() ? "." : folder, failed);
  if (failed) {
    return expected("chdir", "a folder", folder);
  }
  const std::string text = absolute.lexically_normal().string();
  spec["folder"] = text.size() > 1 && text.ends_with("/") ? text.substr(0, text.size() - 1) : text;
  return {};
}

}  // namespace

Result<std::int64_t> parse_time(const std::string& text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(read.ptr, text.data() + text.size());
  const double ms = unit.empty() || unit == "s" ? 1e3
                    : unit == "ms"              ? 1.0
                    : unit == "m"               ? 60e3
                    : unit == "h"               ? 3600e3
                    : unit == "d"               ? 86400e3
                                                : 0.0;
  constexpr double kMost = 1e14;
  if (read.ec != std::errc() || ms == 0 || !(number >= 0) || number * ms > kMost) {
    return Error{Code::InvalidArgument,
                 "expected a time such as 90s, 15m, 2h or 1d, got '" + text + "'"};
  }
  return static_cast<std::int64_t>(number * ms);
}

Result<Json> parse_indices(const std::string& text) {
  const Error wrong = expected("array", "indices such as 0-9, 1,3,7-9 or 0-99:10", text);
  std::set<std::uint64_t> indices;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const char* next = text.data() + at;
    const char* const end = text.data() + comma;
    std::uint64_t first = 0;
    auto read = std::from_chars(next, end, first);
    std::uint64_t last = first;
    std::uint64_t stride = 1;
    if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-') {
      read = std::from_chars(read.ptr + 1, end, last);
      if (read.ec == std::errc() && read.ptr != end && *read.ptr == ':') {
        read = std::from_chars(read.ptr + 1, end, stride);
      }
    }
    if (read.ec != std::errc() || read.ptr != end || last < first || stride == 0 ||
        last > UINT32_MAX || (last - first) / stride >= kMostIndices) {
      return wrong;
    }
    for (std::uint64_t index = first; index <= last; index += stride) {
      indices.insert(index);
    }
    at = comma + 1;
  }
  if (indices.size() > kMostIndices) {
    return wrong;
  }
  return Json(indices);
}

std::vector<Option> submit_options() {
  return {{"file",
           "FILE",
           "a job file: TOML (or .json) with the names of the JSON; flags go before it"},
          {"name", "NAME", "what people call it (default: the program's name)"},
          {"cpus", "N", "cores of each member, also parts of one (default 1)"},
          {"memory", "SIZE", "memory of each member, such as 2GiB (default 1GiB)"},
          {"gpus", "N", "GPUs of each member, or a part of one"},
          {"gpu-memory", "SIZE", "memory of each GPU (default: all of a whole one)"},
          {"members", "N", "processes of a gang, each with its rank (default 1)"},
          {"priority", "N", "larger goes first where the policy looks at it"},
          {"deadline", "TIME", "when it has to be done, from now on"},
          {"time", "TIME", "time limit: 90s, 15m, 2h, 1d (default: none)"},
          {"grace", "TIME", "between the stop signal and the kill (default 10s)"},
          {"stop-signal", "SIGNAL", "on which the program saves its state and ends (default TERM)"},
          {"retries", "N", "how often it is tried again after it has ended badly"},
          {"back-off", "TIME", "before the first try; then twice as long each time (default 1s)"},
          {"no-requeue", "", "do not run it again when it is lost or makes room for another"},
          {"after",
           "JOB",
           "wait for that job; JOB:failure or JOB:end for another end than success",
           true},
          {"array", "INDICES", "one job for each: 0-9, 1,3,7-9, 0-99:10"},
          {"env", "NAME=VALUE", "a variable of its environment", true},
          {"requirements",
           "FILE",
           "run in a Python environment with these packages, made once and shared"},
          {"python", "VERSION", "of that environment: 3.11, or a program (default: python3)"},
          {"chdir", "DIR", "where it starts (default: here)"}};
}

Result<Json> job_request(const Arguments& arguments) {
  Json spec = Json::object();
  if (const auto file = arguments.value("file")) {
    AION_TRY(spec, read_job_file(*file));
  }
  if (!arguments.words.empty()) {
    spec["command"] = arguments.words;
  }
  if (!spec.contains("command")) {
    return Error{Code::InvalidArgument,
                 "expected a program: aion job submit --cpus 2 -- python train.py"};
  }
  if (const auto name = arguments.value("name")) {
    spec["name"] = *name;
  }
  AION_TRY_VOID(put_number(arguments, "cpus", "cores", 0.0, kMostCores, spec));
  AION_TRY_VOID(put_number(arguments, "gpus", "gpus", 0.0, kMostCores, spec));
  AION_TRY_VOID(put_number(arguments, "members", "members", 1U, 1'000'000U, spec));
  AION_TRY_VOID(put_number(arguments, "retries", "retries", 0U, 1'000'000U, spec));
  AION_TRY_VOID(put_number(arguments, "priority", "priority", -1'000'000, 1'000'000, spec));
  AION_TRY_VOID(put_bytes(arguments, "memory", "memory_bytes", spec));
  AION_TRY_VOID(put_bytes(arguments, "gpu-memory", "gpu_memory_bytes", spec));
  AION_TRY_VOID(put_time(arguments, "deadline", "deadline_ms", spec));
  AION_TRY_VOID(put_time(arguments, "time", "time_limit_ms", spec));
  AION_TRY_VOID(put_time(arguments, "grace", "grace_ms", spec));
  AION_TRY_VOID(put_time(arguments, "back-off", "back_off_ms", spec));
  if (const auto signal = arguments.value("stop-signal")) {
    AION_TRY(spec["stop_signal"], signal_of(*signal));
  }
  if (arguments.has("no-requeue")) {
    spec["requeue"] = false;
  }
  if (const auto array = arguments.value("array")) {
    AION_TRY(spec["array"], parse_indices(*array));
  }
  if (const auto file = arguments.value("requirements")) {
    AION_TRY(spec["requirements"], read_file(*file, kMostFile));
  }
  if (const auto python = arguments.value("python")) {
    const bool is_version =
        !python->empty() && python->find_first_not_of("0123456789.") == std::string::npos;
    spec["python"] = is_version ? "python" + *python : *python;
  }
  AION_TRY_VOID(put_after(arguments, spec));
  AION_TRY_VOID(put_environment(arguments, spec));
  AION_TRY_VOID(put_folder(arguments, spec));
  return spec;
}

}  // namespace aion::cli
