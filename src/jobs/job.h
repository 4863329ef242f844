// A job: what its user wants, and what has become of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "jobs/engine/engine.h"
#include "jobs/lifecycle.h"
#include "resource/lease/lease.h"

namespace aion::jobs {

using WallTime = std::chrono::system_clock::time_point;

/// What has to become of another job first.
struct Dependency {
  enum class On : std::uint8_t { Success, Failure, End };
  std::uint64_t job = 0;  // its number
  On on = On::Success;
};

/// What a user asks for. Limits stand at check().
struct JobSpec {
  std::string name;                  // empty = the program's
  std::vector<std::string> command;  // the program, and what it is given
  std::map<std::string, std::string> environment;
  std::filesystem::path folder;  // where it starts; absolute
  std::string requirements;      // of a Python environment, as pip reads them; empty = none
  std::string python;            // for it: "python3.11", a path; empty = python3

  double cores = 1;                  // of each member
  Bytes memory = Bytes::mebi(1024);  // of each member
  double gpus = 0;                   // of each member: whole ones, or a part of one
  Bytes gpu_memory{};                // of each GPU; 0 = all of a whole one
  std::uint32_t members = 1;         // of a gang, all at once or none

  std::int32_t priority = 0;                  // larger first
  std::chrono::milliseconds time_limit{0};    // 0 = none
  std::chrono::milliseconds deadline{0};      // from submission on; 0 = none
  std::chrono::milliseconds grace{10'000};    // between the signal that asks it to end and the kill
  int stop_signal = 15;                       // on which it saves its state
  std::uint32_t retries = 0;                  // after it has ended badly
  std::chrono::milliseconds back_off{1'000};  // before the first; then twice as long each time
  bool requeues = true;                       // when it is lost with its node, or preempted
  std::vector<Dependency> after;

  /// fails   InvalidArgument, with the field, what was expected and what came
  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] std::string display_name() const;
  [[nodiscard]] bool wants_environment() const { return !requirements.empty() || !python.empty(); }
};

/// As people write it: {"command":["python","train.py"],"cores":2,"memory_bytes":...}. Fields that
/// are not told have their defaults; one that is not known is refused with the nearest name.
[[nodiscard]] Result<JobSpec> parse_spec(const Json& json);
[[nodiscard]] Json to_json(const JobSpec& spec);

/// A lease as the record keeps it, so that the next life of the daemon can take it up again.
struct HeldLease {
  resource::DeviceId device;
  double cores = 0;
  Bytes memory{};
  std::vector<std::uint32_t> cpus;  // pinned
};

/// The record of a job, as it stands.
struct Job {
  std::string id;            // a UUID
  std::uint64_t number = 0;  // for people, in the order of submission
  std::string project = "default";
  std::string user;
  JobSpec spec;
  std::uint64_t array = 0;  // the number of the first of its array; 0 = of none
  std::uint32_t array_index = 0;

  State state = State::Queued;
  std::string reason;  // why it is in this state, for people
  WallTime submitted{};
  std::optional<WallTime> started;  // of its last attempt
  std::optional<WallTime> ended;
  std::uint32_t attempt = 0;      // how often it has been started
  std::uint32_t failures = 0;     // attempts that count against its retries
  Placement placement{};          // of its last attempt
  std::vector<HeldLease> leases;  // of its last attempt
  std::string environment;        // key of its Python environment; empty = it has none
  std::optional<End> end;         // of its last attempt
};

/// One step of a job's story.
struct Transition {
  WallTime at{};
  State from = State::Queued;
  State to = State::Queued;
  std::string event;  // "granted"
  std::string words;  // "waited 41 s for 2 cores"
};

[[nodiscard]] std::string_view name_of(Dependency::On on);
[[nodiscard]] std::string_view name_of(EndKind kind);
[[nodiscard]] std::optional<EndKind> find_end_kind(std::string_view name);

}  // namespace aion::jobs
