// What the local engine knows of an attempt that has not ended.
#pragma once

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "jobs/engine/local.h"

namespace aion::jobs {

struct LocalEngine::Member {
  Member(std::uint32_t number, std::filesystem::path folder)
      : rank(number), program(std::move(folder)) {}

  std::uint32_t rank;
  runtime::Supervised program;
  runtime::ControlGroup group;
  int listens_on = -1;  // the bell's other end, or the process of a supervisor that was found
  int child = 0;        // the supervisor, where it is to be reaped; 0 = it is nobody's child here
  bool runs = false;
  bool has_ended = false;
};

struct LocalEngine::Attempt {
  AttemptId id;
  ProgramSpec spec;  // as far as a restart knows it: what ends are told with
  Bytes memory;      // limit of a member; 0 = not known
  std::vector<Member> members;
  bool is_start_told = false;
  std::optional<End> end;  // the first that was not good
  Usage usage;             // of those that have ended
};

}  // namespace aion::jobs
