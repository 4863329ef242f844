#include "jobs/job_table.h"

#include <utility>

namespace aion::jobs {

namespace {

using store::Row;
using store::Value;

constexpr std::string_view kColumns =
    "number, id, project_id, user, spec, array, array_index, state, reason, submitted_us,"
    " started_us, ended_us, attempt, failures, placement, end, leases, environment";

std::int64_t in_us(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

WallTime from_us(std::int64_t us) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(us)));
}

Value value_of(const std::optional<WallTime>& time) {
  return time ? Value(in_us(*time)) : Value();
}

Value value_of(std::uint64_t number) {
  return Value(static_cast<std::int64_t>(number));
}

Value value_of(std::string_view text) {
  return Value(std::string(text));
}

Json to_json(const Placement& placement) {
  return {{"engine", placement.engine},
          {"where", placement.where},
          {"token", placement.token},
          {"level", placement.level}};
}

Placement placement_of(const Json& json) {
  return {json.value("engine", ""),
          json.value("where", ""),
          json.value("token", ""),
          json.value("level", "")};
}

Json to_json(const End& end) {
  return {{"kind", name_of(end.kind)},
          {"number", end.number},
          {"words", end.words},
          {"cpu_ns", end.usage.cpu.count()},
          {"peak_memory_bytes", end.usage.peak_memory.count},
          {"at_us", in_us(end.at)}};
}

Json to_json(const std::vector<HeldLease>& leases) {
  Json list = Json::array();
  for (const HeldLease& lease : leases) {
    list.push_back({{"kind", static_cast<int>(lease.device.kind)},
                    {"index", lease.device.index},
                    {"cores", lease.cores},
                    {"memory_bytes", lease.memory.count},
                    {"cpus", lease.cpus}});
  }
  return list;
}

std::vector<HeldLease> leases_of(const Json& json) {
  std::vector<HeldLease> leases;
  for (const Json& one : json) {
    HeldLease& lease = leases.emplace_back();
    lease.device.kind = static_cast<resource::DeviceKind>(one.value("kind", 0));
    lease.device.index = one.value("index", 0U);
    lease.cores = one.value("cores", 0.0);
    lease.memory.count = one.value("memory_bytes", std::uint64_t{0});
    lease.cpus = one.value("cpus", std::vector<std::uint32_t>());
  }
  return leases;
}

End end_of(const Json& json) {
  End end;
  end.kind = find_end_kind(json.value("kind", "")).value_or(EndKind::Lost);
  end.number = json.value("number", 0);
  end.words = json.value("words", "");
  end.usage.cpu = std::chrono::nanoseconds(json.value("cpu_ns", std::int64_t{0}));
  end.usage.peak_memory.count = json.value("peak_memory_bytes", std::uint64_t{0});
  end.at = from_us(json.value("at_us", std::int64_t{0}));
  return end;
}

Error damaged(const std::string& id, const std::string& what) {
  return {Code::Internal, "the record of job " + id + " is damaged: " + what};
}

Result<Job> job_of(const Row& row) {
  Job job;
  int column = 0;
  job.number = static_cast<std::uint64_t>(row.integer(column++));
  job.id = row.text(column++);
  job.project = row.text(column++);
  job.user = row.text(column++);
  AION_TRY(const Json spec, parse_json(row.text(column++)));
  auto parsed = parse_spec(spec);
  if (!parsed) {
    return damaged(job.id, parsed.error().message);
  }
  job.spec = *std::move(parsed);
  job.array = static_cast<std::uint64_t>(row.integer(column++));
  job.array_index = static_cast<std::uint32_t>(row.integer(column++));
  const std::string state = row.text(column++);
  const auto found = find_state(state);
  if (!found) {
    return damaged(job.id, "state '" + state + "'");
  }
  job.state = *found;
  job.reason = row.text(column++);
  job.submitted = from_us(row.integer(column++));
  const auto time = [&](int at) {
    return row.is_null(at) ? std::nullopt : std::optional(from_us(row.integer(at)));
  };
  job.started = time(column++);
  job.ended = time(column++);
  job.attempt = static_cast<std::uint32_t>(row.integer(column++));
  job.failures = static_cast<std::uint32_t>(row.integer(column++));
  if (!row.is_null(column)) {
    AION_TRY(const Json placement, parse_json(row.text(column)));
    job.placement = placement_of(placement);
  }
  ++column;
  if (!row.is_null(column)) {
    AION_TRY(const Json end, parse_json(row.text(column)));
    job.end = end_of(end);
  }
  ++column;
  if (!row.is_null(column)) {
    AION_TRY(const Json leases, parse_json(row.text(column)));
    job.leases = leases_of(leases);
  }
  job.environment = row.text(++column);
  return job;
}

Result<std::optional<Job>> first(store::Reader& reader,
                                 const std::string& sql,
                                 std::initializer_list<Value> values) {
  std::optional<Job> found;
  AION_TRY_VOID(reader.query(sql, values, [&](const Row& row) -> Result<bool> {
    AION_TRY(found, job_of(row));
    return false;
  }));
  return found;
}

}  // namespace

Result<void> insert(store::Writer& writer, Job& job) {
  AION_TRY_VOID(writer.execute(
      "INSERT INTO job (id, project_id, user, name, spec, array, array_index, state, reason,"
      " submitted_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {job.id,
       job.project,
       job.user,
       job.spec.display_name(),
       to_text(to_json(job.spec)),
       value_of(job.array),
       value_of(std::uint64_t{job.array_index}),
       value_of(name_of(job.state)),
       job.reason,
       in_us(job.submitted)}));
  job.number = static_cast<std::uint64_t>(writer.last_key());
  return {};
}

Result<void> insert_all(store::Writer& writer, std::vector<Job>& jobs, bool is_array) {
  for (Job& job : jobs) {
    AION_TRY_VOID(insert(writer, job));
    if (is_array) {
      job.array = jobs.front().number;
      AION_TRY_VOID(writer.execute("UPDATE job SET array = ? WHERE number = ?",
                                   {value_of(job.array), value_of(job.number)}));
    }
  }
  return {};
}

Result<void> update(store::Writer& writer,
                    const Job& job,
                    std::uint64_t step,
                    const Transition& transition) {
  AION_TRY_VOID(writer.execute(
      "UPDATE job SET state = ?, is_final = ?, reason = ?, started_us = ?, ended_us = ?,"
      " attempt = ?, failures = ?, placement = ?, end = ?, leases = ?, environment = ? WHERE "
      "number = ?",
      {value_of(name_of(job.state)),
       std::int64_t{is_final(job.state) ? 1 : 0},
       job.reason,
       value_of(job.started),
       value_of(job.ended),
       std::int64_t{job.attempt},
       std::int64_t{job.failures},
       job.placement.engine.empty() ? Value() : Value(to_text(to_json(job.placement))),
       job.end ? Value(to_text(to_json(*job.end))) : Value(),
       job.leases.empty() ? Value() : Value(to_text(to_json(job.leases))),
       job.environment,
       value_of(job.number)}));
  AION_TRY_VOID(
      writer.execute("INSERT OR IGNORE INTO job_transition (project_id, job, step, at_us, "
                     "from_state, to_state, event,"
                     " words) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                     {job.project,
                      value_of(job.number),
                      value_of(step),
                      in_us(transition.at),
                      value_of(name_of(transition.from)),
                      value_of(name_of(transition.to)),
                      transition.event,
                      transition.words}));
  return {};
}

Result<void> keep(store::Writer& writer,
                  const std::string& project,
                  const EnvironmentRecord& environment) {
  AION_TRY_VOID(writer.execute(
      "INSERT OR IGNORE INTO environment (project_id, key, python, contents) VALUES (?, ?, ?, ?)",
      {project, environment.key, environment.python, environment.contents}));
  return {};
}

Result<std::optional<EnvironmentRecord>> find_environment(store::Reader& reader,
                                                          const std::string& project,
                                                          const std::string& key) {
  std::optional<EnvironmentRecord> found;
  AION_TRY_VOID(
      reader.query("SELECT key, python, contents FROM environment WHERE project_id = ? AND key = ?",
                   {project, key},
                   [&](const Row& row) -> Result<bool> {
                     found = EnvironmentRecord{row.text(0), row.text(1), row.text(2)};
                     return false;
                   }));
  return found;
}

Result<std::vector<Job>> list(store::Reader& reader,
                              const std::string& project,
                              const Filter& filter) {
  std::string sql = "SELECT " + std::string(kColumns) + " FROM job WHERE project_id = ?";
  std::vector<Value> values{project};
  const auto add = [&](std::string_view condition, Value value) {
    sql += " AND " + std::string(condition);
    values.push_back(std::move(value));
  };
  if (filter.state) {
    add("state = ?", value_of(name_of(*filter.state)));
  }
  if (filter.is_final) {
    sql += *filter.is_final ? " AND is_final = 1" : " AND is_final = 0";
  }
  if (filter.user) {
    add("user = ?", *filter.user);
  }
  if (filter.array) {
    add("array = ?", value_of(*filter.array));
  }
  if (filter.before > 0) {
    add("number < ?", value_of(filter.before));
  }
  sql += " ORDER BY number DESC LIMIT ?";
  values.push_back(value_of(std::uint64_t{filter.limit}));
  std::vector<Job> jobs;
  AION_TRY_VOID(reader.query(sql, store::Values(values), [&](const Row& row) -> Result<bool> {
    AION_TRY(Job job, job_of(row));
    jobs.push_back(std::move(job));
    return true;
  }));
  return jobs;
}

Result<std::optional<Job>> find(store::Reader& reader,
                                const std::string& project,
                                std::uint64_t number) {
  return first(reader,
               "SELECT " + std::string(kColumns) + " FROM job WHERE number = ? AND project_id = ?",
               {value_of(number), project});
}

Result<std::optional<Job>> find(store::Reader& reader,
                                const std::string& project,
                                const std::string& id) {
  return first(reader,
               "SELECT " + std::string(kColumns) + " FROM job WHERE id = ? AND project_id = ?",
               {id, project});
}

Result<void> each_open(store::Reader& reader, const std::function<void(Job, std::uint64_t)>& tell) {
  const std::string sql =
      "SELECT " + std::string(kColumns) +
      ", (SELECT coalesce(max(step), 0) FROM job_transition WHERE job = job.number)"
      " FROM job WHERE is_final = 0 ORDER BY number";
  constexpr int kStepColumn = 18;
  return reader.query(sql, {}, [&](const Row& row) -> Result<bool> {
    AION_TRY(Job job, job_of(row));
    tell(std::move(job), static_cast<std::uint64_t>(row.integer(kStepColumn)));
    return true;
  });
}

Result<std::vector<Transition>> story(store::Reader& reader, std::uint64_t number) {
  std::vector<Transition> steps;
  AION_TRY_VOID(reader.query(
      "SELECT at_us, from_state, to_state, event, words FROM job_transition WHERE job = ?"
      " ORDER BY step",
      {value_of(number)},
      [&](const Row& row) -> Result<bool> {
        const auto from = find_state(row.text(1));
        const auto to = find_state(row.text(2));
        if (!from || !to) {
          return damaged(std::to_string(number), "a step's state");
        }
        steps.push_back({from_us(row.integer(0)), *from, *to, row.text(3), row.text(4)});
        return true;
      }));
  return steps;
}

Result<std::vector<std::pair<State, std::uint64_t>>> count(store::Reader& reader,
                                                           const std::string& project) {
  std::vector<std::pair<State, std::uint64_t>> counts;
  AION_TRY_VOID(reader.query("SELECT state, count(*) FROM job WHERE project_id = ? GROUP BY state",
                             {project},
                             [&](const Row& row) -> Result<bool> {
                               if (const auto state = find_state(row.text(0))) {
                                 counts.emplace_back(*state,
                                                     static_cast<std::uint64_t>(row.integer(1)));
                               }
                               return true;
                             }));
  return counts;
}

}  // namespace aion::jobs
