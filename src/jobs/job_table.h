// Jobs as rows: what is written with each step of a job's life, and how it is read again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "jobs/job.h"
#include "store/store.h"

namespace aion::jobs {

/// Writes a new job, and gives it its number.
[[nodiscard]] Result<void> insert(store::Writer& writer, Job& job);

/// Writes all of them; as an array they have the number of the first.
[[nodiscard]] Result<void> insert_all(store::Writer& writer, std::vector<Job>& jobs, bool is_array);

/// Writes what has changed of a job (all but its spec, project, user and array), and the step that
/// changed it, which may be there already.
[[nodiscard]] Result<void> update(store::Writer& writer,
                                  const Job& job,
                                  std::uint64_t step,
                                  const Transition& transition);

/// What a Python environment holds, for whoever wants to know in years.
struct EnvironmentRecord {
  std::string key;
  std::string python;
  std::string contents;
};
[[nodiscard]] Result<void> keep(store::Writer& writer,
                                const std::string& project,
                                const EnvironmentRecord& environment);
[[nodiscard]] Result<std::optional<EnvironmentRecord>> find_environment(store::Reader& reader,
                                                                        const std::string& project,
                                                                        const std::string& key);

/// Which jobs a list shows; the newest first.
struct Filter {
  std::optional<State> state;
  std::optional<bool> is_final;
  std::optional<std::string> user;
  std::optional<std::uint64_t> array;
  std::uint64_t before = 0;  // only those with smaller numbers; 0 = all
  std::size_t limit = 100;
};

[[nodiscard]] Result<std::vector<Job>> list(store::Reader& reader,
                                            const std::string& project,
                                            const Filter& filter);
[[nodiscard]] Result<std::optional<Job>> find(store::Reader& reader,
                                              const std::string& project,
                                              std::uint64_t number);
[[nodiscard]] Result<std::optional<Job>> find(store::Reader& reader,
                                              const std::string& project,
                                              const std::string& id);
/// Every job of any project that has not ended, the oldest first, with the number of its last step.
[[nodiscard]] Result<void> each_open(store::Reader& reader,
                                     const std::function<void(Job, std::uint64_t)>& tell);
[[nodiscard]] Result<std::vector<Transition>> story(store::Reader& reader, std::uint64_t number);

/// How many jobs are in each state.
[[nodiscard]] Result<std::vector<std::pair<State, std::uint64_t>>> count(
    store::Reader& reader, const std::string& project);

}  // namespace aion::jobs
