#include "jobs/program.h"

#include <cmath>
#include <utility>

namespace aion::jobs {

namespace {

std::string number_text(double number) {
  return to_text(number == std::floor(number) ? Json(static_cast<std::int64_t>(number))
                                              : Json(number));
}

}  // namespace

std::string describe_wish(const JobSpec& spec) {
  std::string words =
      number_text(spec.cores) + (spec.cores == 1 ? " core, " : " cores, ") + to_string(spec.memory);
  if (spec.gpus > 0) {
    words += ", " + number_text(spec.gpus) + (spec.gpus == 1 ? " GPU" : " GPUs");
  }
  return spec.members == 1 ? words
                           : std::to_string(spec.members) + " members with " + words + " each";
}

ProgramSpec program_of(const Job& job,
                       std::span<const resource::Lease> leases,
                       const std::filesystem::path& venv) {
  const JobSpec& spec = job.spec;
  ProgramSpec program;
  program.arguments = spec.command;
  program.environment = spec.environment;
  program.folder = spec.folder;
  program.members = spec.members;
  program.time_limit = spec.time_limit;
  program.grace = spec.grace;
  program.stop_signal = spec.stop_signal;
  program.environment["AION_JOB_NUMBER"] = std::to_string(job.number);
  if (job.array > 0) {
    program.environment["AION_ARRAY_JOB"] = std::to_string(job.array);
    program.environment["AION_ARRAY_INDEX"] = std::to_string(job.array_index);
  }
  if (!venv.empty()) {  // as its "activate" would
    const auto path = program.environment.find("PATH");
    const std::string behind =
        path == program.environment.end() ? "/usr/local/bin:/usr/bin:/bin" : path->second;
    program.environment["PATH"] = (venv / "bin").string() + ":" + behind;
    program.environment["VIRTUAL_ENV"] = venv.string();
    program.environment.erase("PYTHONHOME");
    program.environment.erase("PYTHONPATH");
  }
  std::string gpus;
  for (const resource::Lease& lease : leases) {
    if (lease.device().kind == resource::DeviceKind::Gpu) {
      gpus += (gpus.empty() ? "" : ",") + std::to_string(lease.device().index);
    }
  }
  // Empty hides all of them: a job that was given none sees none.
  program.environment["CUDA_VISIBLE_DEVICES"] = gpus;
  return program;
}

}  // namespace aion::jobs
