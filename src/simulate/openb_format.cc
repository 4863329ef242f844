// Pods and nodes of openb.
#include <array>

#include "simulate/trace_formats.h"

namespace aion::simulate {
namespace {

constexpr std::int32_t kMostMilli = 1'000'000'000;
constexpr std::int32_t kMostMebibytes = 2'000'000'000;
constexpr std::int32_t kMostGpus = 1'000'000;  // of one pod or node
constexpr std::int32_t kWholeGpu = 1000;

constexpr std::array<std::string_view, 10> kPodColumns{"name",
                                                       "cpu_milli",
                                                       "memory_mib",
                                                       "num_gpu",
                                                       "gpu_milli",
                                                       "gpu_spec",
                                                       "qos",
                                                       "creation_time",
                                                       "deletion_time",
                                                       "scheduled_time"};
enum PodColumn : std::size_t {
  kName,
  kCpu,
  kMemory,
  kGpus,
  kGpuMilli,
  kGpuSpec,
  kQos,
  kCreated,
  kDeleted,
  kScheduled
};

class PodParser final : public TraceParser {
 public:
  Result<void> take(std::string_view line, std::int64_t number, TraceBuilder& trace) override {
    if (!has_header_) {
      has_header_ = true;
      return table_.read_header(line, kPodColumns);
    }
    AION_TRY_VOID(table_.read_row(line));
    if (!trace.takes_next()) {
      return {};
    }
    Pod pod;
    AION_TRY(pod.cpu_milli, table_.count(kCpu, kMostMilli));
    AION_TRY(pod.memory_mib, table_.count(kMemory, kMostMebibytes));
    AION_TRY(pod.gpus, table_.count(kGpus, kMostGpus));
    AION_TRY(pod.gpu_milli, table_.count(kGpuMilli, kWholeGpu));
    AION_TRY(pod.created, time(kCreated));
    AION_TRY(pod.deleted, time(kDeleted));
    if (!table_.text(kScheduled).empty()) {
      AION_TRY(pod.scheduled, time(kScheduled));
    }
    pod.gpu_models = trace.gpu_models.number_of(table_.text(kGpuSpec));
    AION_TRY_VOID(trace.add(pod));
    return add_job(pod, number, trace);
  }

 private:
  [[nodiscard]] Result<std::int64_t> time(std::size_t column) const {
    AION_TRY(const std::int64_t seconds, table_.number(column));
    if (seconds < -kMostSeconds || seconds > kMostSeconds) {
      return Error{Code::InvalidArgument,
                   "column " + std::string(kPodColumns[column]) + ": expected a time within " +
                       std::to_string(kMostSeconds) + " s of zero, got " + std::to_string(seconds)};
    }
    return seconds;
  }
  Result<void> add_job(const Pod& pod, std::int64_t number, TraceBuilder& trace) const {
    if (pod.gpus == 0) {
      trace.drop(number, "the pod wants no GPU");
      return {};
    }
    if (pod.scheduled < 0) {
      trace.drop(number, "the pod was never scheduled");
      return {};
    }
    TraceJob job;
    job.id = number;  // the names are words
    job.submit = pod.created;
    job.runtime = pod.deleted - pod.scheduled;
    job.processors = pod.gpus;
    job.is_best_effort = table_.text(kQos) == "BE";
    job.name = pod.gpu_models;
    return trace.add(job, number);
  }

  CsvTable table_{','};
  bool has_header_ = false;
};

constexpr std::array<std::string_view, 5> kNodeColumns{
    "sn", "cpu_milli", "memory_mib", "gpu", "model"};
enum NodeColumn : std::size_t { kNodeName, kNodeCpu, kNodeMemory, kNodeGpus, kNodeModel };

class NodeParser final : public TraceParser {
 public:
  Result<void> take(std::string_view line, std::int64_t /*number*/, TraceBuilder& trace) override {
    if (!has_header_) {
      has_header_ = true;
      return table_.read_header(line, kNodeColumns);
    }
    AION_TRY_VOID(table_.read_row(line));
    Node node;
    AION_TRY(node.cpu_milli, table_.count(kNodeCpu, kMostMilli));
    AION_TRY(node.memory_mib, table_.count(kNodeMemory, kMostMebibytes));
    AION_TRY(node.gpus, table_.count(kNodeGpus, kMostGpus));
    node.gpu_model = trace.gpu_models.number_of(table_.text(kNodeModel));
    return trace.add(node);
  }

 private:
  CsvTable table_{','};
  bool has_header_ = false;
};

}  // namespace

TraceFormat openb_pod_format() {
  return {"openb-pods",
          "columns name,cpu_milli,memory_mib,num_gpu,gpu_milli,... (pods of openb)",
          [](std::string_view line) { return CsvTable::has_columns(line, ',', kPodColumns); },
          [](const FormatContext&) -> Result<std::unique_ptr<TraceParser>> {
            return std::unique_ptr<TraceParser>(std::make_unique<PodParser>());
          }};
}

TraceFormat openb_node_format() {
  return {"openb-nodes",
          "columns sn,cpu_milli,memory_mib,gpu,model (nodes of openb)",
          [](std::string_view line) { return CsvTable::has_columns(line, ',', kNodeColumns); },
          [](const FormatContext&) -> Result<std::unique_ptr<TraceParser>> {
            return std::unique_ptr<TraceParser>(std::make_unique<NodeParser>());
          }};
}

}  // namespace aion::simulate
