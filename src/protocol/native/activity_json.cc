#include "protocol/native/activity_json.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/native/device_json.h"

namespace aion::native {

namespace {

const char* text_of(serving::VersionState state) {
  switch (state) {
    case serving::VersionState::Loading:
      return "LOADING";
    case serving::VersionState::Ready:
      return "READY";
    case serving::VersionState::Unloading:
      return "UNLOADING";
    case serving::VersionState::Unavailable:
      break;
  }
  return "UNAVAILABLE";
}

void put_activity(Json& json, const serving::VersionActivity& activity) {
  const serving::StatisticsSnapshot& counted = activity.statistics;
  json["waiting"] = activity.waiting;
  json["requests"] = counted.success.count;
  json["failed"] = counted.fail.count;
  json["rows"] = counted.inference_count;
  json["runs"] = counted.execution_count;
  json["total_ns"] = counted.success.ns;
  json["queue_ns"] = counted.queue.ns;
  json["run_ns"] = counted.compute_infer.ns;
}

using Activities = std::map<std::pair<std::string, std::int64_t>, serving::VersionActivity>;

Activities activities_of(const serving::ModelServer& server) {
  Activities activities;
  for (serving::VersionActivity& one : server.activity()) {
    const std::pair key(one.name, one.version);
    activities.emplace(key, std::move(one));
  }
  return activities;
}

}  // namespace

Task<Json> activity_json(const serving::ModelServer& server, const resource::Ledger& ledger) {
  AION_CO_TRY(const auto rows, co_await server.index(false));
  const Activities activities = activities_of(server);
  const std::vector<resource::Holding> holdings = ledger.holdings();
  Json models = Json::array();
  for (const serving::IndexRow& row : rows) {
    Json json{{"name", row.name},
              {"version", row.version},
              {"state", text_of(row.state)},
              {"reason", row.reason}};
    const auto found = activities.find({row.name, row.version});
    const serving::VersionActivity none;
    const serving::VersionActivity& activity = found == activities.end() ? none : found->second;
    put_activity(json, activity);
    json["leases"] = Json::array();
    for (const resource::Holding& holding : holdings) {
      if (holding.claim.holder == activity.holder) {
        json["leases"].push_back(to_json(holding));
      }
    }
    models.push_back(std::move(json));
  }
  Json answer;
  answer["models"] = std::move(models);
  co_return answer;
}

}  // namespace aion::native
