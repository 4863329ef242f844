#include "serving/metrics_export.h"

#include <array>
#include <utility>

namespace aion::serving {

namespace {

using Read = double (*)(const StatisticsSnapshot&);

struct Exported {
  const char* name;
  const char* help;
  Read read;
};

double microseconds(const DurationTotal& total) {
  return static_cast<double>(total.ns / 1000);
}

constexpr std::array<Exported, 8> kCounters = {{
    {"nv_inference_request_success",
     "Number of successful inference requests, all batch sizes",
     [](const StatisticsSnapshot& s) {
       return static_cast<double>(s.success.count);
     }},
    {"nv_inference_count",
     "Number of inferences performed (does not include cached requests)",
     [](const StatisticsSnapshot& s) {
       return static_cast<double>(s.inference_count);
     }},
    {"nv_inference_exec_count",
     "Number of model executions performed (does not include cached requests)",
     [](const StatisticsSnapshot& s) {
       return static_cast<double>(s.execution_count);
     }},
    {"nv_inference_request_duration_us",
     "Cumulative inference request duration in microseconds",
     [](const StatisticsSnapshot& s) {
       return microseconds(s.success);
     }},
    {"nv_inference_queue_duration_us",
     "Cumulative inference queuing duration in microseconds",
     [](const StatisticsSnapshot& s) {
       return microseconds(s.queue);
     }},
    {"nv_inference_compute_input_duration_us",
     "Cumulative compute input duration in microseconds",
     [](const StatisticsSnapshot& s) {
       return microseconds(s.compute_input);
     }},
    {"nv_inference_compute_infer_duration_us",
     "Cumulative compute inference duration in microseconds",
     [](const StatisticsSnapshot& s) {
       return microseconds(s.compute_infer);
     }},
    {"nv_inference_compute_output_duration_us",
     "Cumulative inference compute output duration in microseconds",
     [](const StatisticsSnapshot& s) {
       return microseconds(s.compute_output);
     }},
}};

constexpr std::array<Exported, 4> kCacheCounters = {{
    {"nv_cache_num_hits_per_model",
     "Number of cache hits per model",
     [](const StatisticsSnapshot& s) {
       return static_cast<double>(s.cache_hit.count);
     }},
    {"nv_cache_num_misses_per_model",
     "Number of cache misses per model",
     [](const StatisticsSnapshot& s) {
       return static_cast<double>(s.cache_miss.count);
     }},
    {"nv_cache_hit_duration_per_model",
     "Total cache hit duration per model, in microseconds",
     [](const StatisticsSnapshot& s) {
       return microseconds(s.cache_hit);
     }},
    {"nv_cache_miss_duration_per_model",
     "Total cache miss duration per model, in microseconds",
     [](const StatisticsSnapshot& s) {
       return microseconds(s.cache_miss);
     }},
}};

Labels labels_of(const LoadedVersion& loaded) {
  Labels labels{{"model", loaded.version.name}, {"version", std::to_string(loaded.version.number)}};
  for (const auto& [tag, value] : loaded.version.metric_tags) {
    labels.emplace_back("_" + tag, value);
  }
  return labels;
}

template <class Visit>
void for_each_loaded(const ModelTable& table, const Visit& visit) {
  for (const auto& [name, entry] : *table.snapshot()) {
    for (const auto& [number, version] : entry.versions) {
      if (version.loaded) {
        visit(version.loaded);
      }
    }
  }
}

std::vector<Sample> failures(const ModelTable& table) {
  constexpr std::array<const char*, 4> kReasons = {"REJECTED", "CANCELED", "BACKEND", "OTHER"};
  std::vector<Sample> samples;
  for_each_loaded(table, [&](const std::shared_ptr<LoadedVersion>& loaded) {
    const StatisticsSnapshot now = loaded->statistics.snapshot();
    for (std::size_t i = 0; i < kReasons.size(); ++i) {
      Labels labels = labels_of(*loaded);
      labels.emplace_back("reason", kReasons[i]);
      samples.push_back({std::move(labels), static_cast<double>(now.failures[i])});
    }
  });
  return samples;
}

std::vector<Sample> deadlines(const ModelTable& table) {
  constexpr std::array<const char*, kDeadlineEnds> kEnds = {"hit", "miss", "shed"};
  std::vector<Sample> samples;
  for_each_loaded(table, [&](const std::shared_ptr<LoadedVersion>& loaded) {
    const DeadlineCounts counts = loaded->statistics.snapshot().deadlines;
    for (std::size_t i = 0; i < kCriticalities; ++i) {
      if (counts[i] == DeadlineCounts::value_type{}) {
        continue;  // most models never see a deadline
      }
      for (std::size_t k = 0; k < kDeadlineEnds; ++k) {
        Labels labels = labels_of(*loaded);
        labels.emplace_back("criticality", to_string(static_cast<Criticality>(i)));
        labels.emplace_back("outcome", kEnds[k]);
        samples.push_back({std::move(labels), static_cast<double>(counts[i][k])});
      }
    }
  });
  return samples;
}

/// One number of every model that has been loaded, or loads on demand.
using ReadEntry = double (*)(const ModelEntry&);

double bytes_held(const ModelEntry& entry) {
  std::uint64_t bytes = 0;
  for (const auto& [number, version] : entry.versions) {
    bytes += version.loaded ? version.loaded->memory.load(std::memory_order_relaxed) : 0;
  }
  return static_cast<double>(bytes);
}

void export_memory(Metrics& metrics, const std::shared_ptr<const ModelTable>& table) {
  const auto add = [&](const char* name, const char* help, MetricType type, ReadEntry read) {
    metrics.family(name, help, type, [table, read] {
      std::vector<Sample> samples;
      for (const auto& [model, entry] : *table->snapshot()) {
        if (entry.use) {
          samples.push_back({{{"model", model}}, read(entry)});
        }
      }
      return samples;
    });
  };
  add("aion_model_memory_bytes",
      "Memory that is granted to the model now",
      MetricType::Gauge,
      bytes_held);
  add("aion_model_loads_total",
      "How often the model has been loaded",
      MetricType::Counter,
      [](const ModelEntry& entry) { return static_cast<double>(entry.use->loads()); });
  add("aion_model_evictions_total",
      "How often the model has been evicted for another one",
      MetricType::Counter,
      [](const ModelEntry& entry) { return static_cast<double>(entry.use->evictions()); });
}

}  // namespace

void export_metrics(Metrics& metrics, std::shared_ptr<const ModelTable> table) {
  const auto add = [&](const Exported& exported, bool of_cached_only) {
    metrics.family(
        exported.name,
        exported.help,
        MetricType::Counter,
        [table, of_cached_only, read = exported.read] {
          std::vector<Sample> samples;
          for_each_loaded(*table, [&](const std::shared_ptr<LoadedVersion>& loaded) {
            if (loaded->cache || !of_cached_only) {
              samples.push_back({labels_of(*loaded), read(loaded->statistics.snapshot())});
            }
          });
          return samples;
        });
  };
  for (const Exported& exported : kCounters) {
    add(exported, false);
  }
  for (const Exported& exported : kCacheCounters) {
    add(exported, true);
  }
  metrics.family("nv_inference_request_failure",
                 "Number of failed inference requests, all batch sizes",
                 MetricType::Counter,
                 [table] { return failures(*table); });
  metrics.family("aion_inference_deadlines_total",
                 "Requests with a deadline: answered in time (hit), late (miss), not run (shed)",
                 MetricType::Counter,
                 [table] { return deadlines(*table); });
  metrics.family("nv_inference_pending_request_count",
                 "Instantaneous number of pending requests awaiting execution",
                 MetricType::Gauge,
                 [table] {
                   std::vector<Sample> samples;
                   for_each_loaded(*table, [&](const std::shared_ptr<LoadedVersion>& loaded) {
                     const std::size_t waiting = loaded->queue ? loaded->queue->size() : 0;
                     samples.push_back({labels_of(*loaded), static_cast<double>(waiting)});
                   });
                   return samples;
                 });
  export_memory(metrics, table);
  metrics.histograms(
      "aion_inference_duration_seconds",
      "Time from the decoded request to its last response",
      [table] {
        std::vector<HistogramSample> samples;
        for_each_loaded(*table, [&](const std::shared_ptr<LoadedVersion>& loaded) {
          samples.push_back({labels_of(*loaded), {loaded, &loaded->statistics.total()}});
        });
        return samples;
      });
}

}  // namespace aion::serving
