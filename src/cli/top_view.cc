#include "cli/top_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "cli/table.h"

namespace aion::cli {

namespace {

constexpr double kNsPerMs = 1e6;

const Json* find_model(const Json& models, const Json& wanted) {
  const auto found = std::ranges::find_if(models, [&](const Json& one) {
    return one.at("name") == wanted.at("name") && one.at("version") == wanted.at("version");
  });
  return found == models.end() ? nullptr : &*found;
}

/// How much a counter has grown; nothing where it began anew.
std::optional<double> grown(const Json& before, const Json& now, const char* key) {
  const double difference = now.at(key).get<double>() - before.at(key).get<double>();
  return difference < 0 ? std::nullopt : std::optional(difference);
}

void put_rates(Json& model, const Json& before, double seconds) {
  constexpr std::array<std::pair<const char*, const char*>, 3> kRates{
      {{"requests", "requests_per_s"}, {"rows", "rows_per_s"}, {"failed", "failed_per_s"}}};
  for (const auto& [counter, rate] : kRates) {
    if (const auto more = grown(before, model, counter)) {
      model[rate] = *more / seconds;
    }
  }
  constexpr std::array<std::pair<const char*, const char*>, 3> kMeans{
      {{"total_ns", "mean_ms"}, {"queue_ns", "queue_ms"}, {"run_ns", "run_ms"}}};
  const auto requests = grown(before, model, "requests");
  for (const auto& [total, mean] : kMeans) {
    const auto more = grown(before, model, total);
    if (more && requests && *requests > 0) {
      model[mean] = *more / *requests / kNsPerMs;
    }
  }
}

std::string number_text(double number, const char* format) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

/// "-" where nobody knows.
std::string known(const Json& json, const char* key, const char* format) {
  return json.contains(key) ? number_text(json.at(key).get<double>(), format) : "-";
}

std::string bytes_text(const Json& json) {
  return to_string(Bytes{json.value("memory_bytes", std::uint64_t{0})});
}

/// "[######              ]  30 %"
std::string bar(const Json& usage) {
  constexpr int kWidth = 20;
  if (!usage.contains("busy")) {
    return "-";
  }
  const double busy = std::clamp(usage.at("busy").get<double>(), 0.0, 1.0);
  const auto full = static_cast<std::size_t>(std::lround(busy * kWidth));
  return "[" + std::string(full, '#') + std::string(kWidth - full, ' ') + "]" +
         number_text(100 * busy, "%4.0f %%");
}

std::string heading(const Json& activity) {
  const Json& status = activity.at("status");
  const Json& models = status.at("models");
  std::string text = "aion " + status.value("version", "") + ", pid " + status.at("pid").dump() +
                     ", " + models.at("ready").dump() + " models ready, " +
                     models.at("not_ready").dump() + " not";
  for (const auto& [what, pressure] : activity.at("pressure").items()) {
    text += (text.find("; waited") == std::string::npos ? "; waited in the last 10 s for " : ", ") +
            what + " " + known(pressure, "some_10s", "%.0f %%");
  }
  return text + "\n\n";
}

std::string devices_text(const Json& devices) {
  std::vector<std::vector<std::string>> rows{
      {"DEVICE", "BUSY", "MEMORY IN USE", "FREE MEMORY", "FREE CORES", "NAME"}};
  for (const Json& device : devices) {
    const Json& usage = device.at("usage");
    const Json& free = device.at("free");
    const Json& capacity = device.at("capacity");
    rows.push_back(
        {device.value("id", ""),
         bar(usage),
         usage.contains("memory_bytes") ? bytes_text(usage) : "-",
         bytes_text(free) + " of " + bytes_text(capacity),
         known(free, "cores", "%.4g") + " of " + known(capacity, "cores", "%.4g"),
         device.contains("trouble") ? device.value("trouble", "") : device.value("name", "")});
  }
  return columns(rows);
}

std::string leases_text(const Json& devices) {
  std::vector<std::vector<std::string>> rows{{"LEASE", "DEVICE", "CORES", "MEMORY"}};
  for (const Json& device : devices) {
    for (const Json& lease : device.at("leases")) {
      const bool is_lent = lease.value("core_use", "") == "lent";
      if (is_lent && lease.value("memory_bytes", std::uint64_t{0}) == 0) {
        continue;  // it holds nothing of its own
      }
      rows.push_back({lease.value("holder", ""),
                      device.value("id", ""),
                      is_lent ? "lent" : known(lease, "cores", "%.4g"),
                      bytes_text(lease)});
    }
  }
  return rows.size() == 1 ? "" : columns(rows) + "\n";
}

std::string models_text(const Json& models) {
  std::vector<std::vector<std::string>> rows{{"MODEL",
                                              "VERSION",
                                              "STATE",
                                              "REQ/S",
                                              "ROWS/S",
                                              "FAILED/S",
                                              "WAITING",
                                              "MEAN ms",
                                              "QUEUE ms",
                                              "RUN ms",
                                              "REASON"}};
  for (const Json& model : models) {
    rows.push_back({model.value("name", ""),
                    model.at("version").dump(),
                    model.value("state", ""),
                    known(model, "requests_per_s", "%.1f"),
                    known(model, "rows_per_s", "%.1f"),
                    known(model, "failed_per_s", "%.1f"),
                    model.at("waiting").dump(),
                    known(model, "mean_ms", "%.3f"),
                    known(model, "queue_ms", "%.3f"),
                    known(model, "run_ms", "%.3f"),
                    model.value("reason", "")});
  }
  return columns(rows);
}

/// Those that hold something, and how many wait.
std::string jobs_text(const Json& jobs) {
  if (!jobs.is_array() || jobs.empty()) {
    return "";
  }
  std::vector<std::vector<std::string>> rows{{"JOB", "NAME", "STATE", "CORES", "MEMORY", "REASON"}};
  std::size_t waiting = 0;
  for (const Json& job : jobs) {
    const std::string state = job.value("state", "");
    if (state == "queued" || state == "blocked" || state == "backing-off" || state == "preparing") {
      ++waiting;
      continue;
    }
    rows.push_back({job.at("number").dump(),
                    job.value("name", ""),
                    state,
                    job.at("cores").dump(),
                    to_string(Bytes{job.value("memory_bytes", std::uint64_t{0})}),
                    job.value("reason", "")});
  }
  return "\n" + (rows.size() > 1 ? columns(rows) : "") + std::to_string(waiting) + " jobs wait\n";
}

}  // namespace

Result<Json> activity_between(const Look& before, const Look& now) {
  const double seconds = std::chrono::duration<double>(now.at - before.at).count();
  std::vector<Json> models;
  for (const Json& model : now.models.at("models")) {
    models.push_back(model);
    const Json* const earlier = find_model(before.models.at("models"), model);
    if (earlier != nullptr && seconds > 0) {
      put_rates(models.back(), *earlier, seconds);
    }
  }
  std::ranges::stable_sort(models, [](const Json& a, const Json& b) {
    return a.value("requests_per_s", 0.0) > b.value("requests_per_s", 0.0);
  });
  return Json{{"status", now.status},
              {"devices", now.devices.at("devices")},
              {"pressure", now.devices.at("pressure")},
              {"models", models},
              {"jobs", now.jobs.is_object() ? now.jobs.at("jobs") : Json()}};
}

Result<std::string> top_text(const Json& activity) {
  const Json& devices = activity.at("devices");
  return heading(activity) + devices_text(devices) + "\n" + leases_text(devices) +
         models_text(activity.at("models")) + jobs_text(activity.at("jobs"));
}

}  // namespace aion::cli
