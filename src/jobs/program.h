// What the engine is given of a job.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "jobs/engine/engine.h"
#include "jobs/job.h"
#include "resource/lease/lease.h"

namespace aion::jobs {

/// "2 cores, 1.0 GiB" of each member, and how many there are.
[[nodiscard]] std::string describe_wish(const JobSpec& spec);

/// The program with its environment: what the user gave, the job's number and place in its array,
/// the Python environment in `venv` (empty = none), and of the accelerators of the machine only
/// those of its leases.
[[nodiscard]] ProgramSpec program_of(const Job& job,
                                     std::span<const resource::Lease> leases,
                                     const std::filesystem::path& venv);

}  // namespace aion::jobs
