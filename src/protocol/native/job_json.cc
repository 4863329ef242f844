#include "protocol/native/job_json.h"

#include <chrono>

namespace aion::native {

namespace {

std::int64_t in_ms(jobs::WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Json time_json(const std::optional<jobs::WallTime>& time) {
  return time ? Json(in_ms(*time)) : Json();
}

Json end_json(const jobs::End& end) {
  return {{"kind", jobs::name_of(end.kind)},
          {"number", end.number},
          {"words", end.words},
          {"cpu_ms", std::chrono::duration<double, std::milli>(end.usage.cpu).count()},
          {"peak_memory_bytes", end.usage.peak_memory.count}};
}

}  // namespace

Json to_json(const jobs::Job& job, bool with_spec) {
  Json json{{"number", job.number},
            {"id", job.id},
            {"name", job.spec.display_name()},
            {"user", job.user},
            {"state", jobs::name_of(job.state)},
            {"reason", job.reason},
            {"cores", job.spec.cores},
            {"memory_bytes", job.spec.memory.count},
            {"gpus", job.spec.gpus},
            {"members", job.spec.members},
            {"priority", job.spec.priority},
            {"submitted_ms", in_ms(job.submitted)},
            {"started_ms", time_json(job.started)},
            {"ended_ms", time_json(job.ended)},
            {"attempt", job.attempt},
            {"failures", job.failures}};
  if (job.array > 0) {
    json["array"] = job.array;
    json["array_index"] = job.array_index;
  }
  if (!job.placement.engine.empty()) {
    json["engine"] = job.placement.engine;
    json["where"] = job.placement.where;
    json["level"] = job.placement.level;
  }
  json["leases"] = Json::array();
  for (const jobs::HeldLease& lease : job.leases) {
    json["leases"].push_back({{"device", resource::to_string(lease.device)},
                              {"cores", lease.cores},
                              {"memory_bytes", lease.memory.count},
                              {"cpus", lease.cpus}});
  }
  json["end"] = job.end ? end_json(*job.end) : Json();
  if (with_spec) {
    json["spec"] = jobs::to_json(job.spec);
  }
  return json;
}

Json to_json(const jobs::Transition& step) {
  return {{"at_ms", in_ms(step.at)},
          {"from", jobs::name_of(step.from)},
          {"to", jobs::name_of(step.to)},
          {"event", step.event},
          {"words", step.words}};
}

}  // namespace aion::native
