#include "simulate/trace_builder.h"

#include <algorithm>
#include <utility>

namespace aion::simulate {
namespace {

struct Bounded {
  std::string_view what;
  std::int64_t value;
  std::int64_t most;
};

/// Largest first: the runtime of a job that is dropped anyway does no harm, so negative numbers
/// pass.
Result<void> check(const TraceJob& job) {
  const std::initializer_list<Bounded> all{{"submission", job.submit, kMostSeconds},
                                           {"runtime", job.runtime, kMostSeconds},
                                           {"requested time", job.request, kMostSeconds},
                                           {"deadline", job.deadline, 2 * kMostSeconds},
                                           {"processors", job.processors, kMostProcessors}};
  for (const Bounded& one : all) {
    if (one.value > one.most) {
      return Error{Code::InvalidArgument,
                   std::string(one.what) + ": expected at most " + std::to_string(one.most) +
                       (one.most == kMostProcessors ? "" : " (seconds)") + ", got " +
                       std::to_string(one.value)};
    }
  }
  return {};
}

std::string why_dropped(const TraceJob& job) {
  if (job.submit < 0) {
    return "submitted at " + std::to_string(job.submit);
  }
  if (job.runtime <= 0) {
    return "runtime " + std::to_string(job.runtime);
  }
  return "processors " + std::to_string(job.processors);
}

Result<void> check_count(std::size_t there, const char* what) {
  if (there >= kMostJobs) {
    return Error{Code::ResourceExhausted,
                 "expected at most " + std::to_string(kMostJobs) + " " + what + ", got more"};
  }
  return {};
}

}  // namespace

std::int32_t Names::number_of(std::string_view name) {
  if (name.empty()) {
    return -1;
  }
  const auto known = numbers_.find(name);
  if (known != numbers_.end()) {
    return known->second;
  }
  const auto number = static_cast<std::int32_t>(numbers_.size());
  numbers_.emplace(name, number);
  return number;
}

std::vector<std::string> Names::all() const {
  std::vector<std::string> names(numbers_.size());
  for (const auto& [name, number] : numbers_) {
    names[static_cast<std::size_t>(number)] = name;
  }
  return names;
}

TraceBuilder::TraceBuilder(std::string name, std::int32_t processors, std::int64_t every)
    : told_(processors), every_(every) {
  trace_.name = std::move(name);
  trace_.processors = processors;
}

void TraceBuilder::tell_processors(std::int32_t processors) {
  if (told_ == 0) {
    trace_.processors = processors;
  }
}

bool TraceBuilder::takes_next() {
  return records_++ % every_ == 0;
}

Result<void> TraceBuilder::add(const TraceJob& job, std::int64_t line) {
  AION_TRY_VOID(check(job));
  if (job.submit < 0 || job.runtime <= 0 || job.processors <= 0) {
    drop(line, why_dropped(job));
    return {};
  }
  AION_TRY_VOID(check_count(trace_.jobs.size(), "jobs"));
  TraceJob clean = job;
  clean.request = job.request > 0 ? job.request : job.runtime;
  if (clean.runtime > clean.request) {
    clean.runtime = clean.request;
    ++trace_.cut;
  }
  is_sorted_ = is_sorted_ && (trace_.jobs.empty() || trace_.jobs.back().submit <= clean.submit);
  trace_.jobs.push_back(clean);
  return {};
}

void TraceBuilder::drop(std::int64_t line, std::string_view why) {
  if (trace_.dropped++ == 0) {
    trace_.first_drop = "line " + std::to_string(line) + ": " + std::string(why);
  }
}

Result<void> TraceBuilder::add(const Pod& pod) {
  AION_TRY_VOID(check_count(trace_.pods.size(), "pods"));
  trace_.pods.push_back(pod);
  return {};
}

Result<void> TraceBuilder::add(const Node& node) {
  AION_TRY_VOID(check_count(trace_.nodes.size(), "nodes"));
  trace_.nodes.push_back(node);
  const std::int64_t gpus = std::int64_t{trace_.processors} + node.gpus;
  tell_processors(static_cast<std::int32_t>(std::min(gpus, kMostProcessors)));
  return {};
}

Result<Trace> TraceBuilder::finish() {
  trace_.gpu_models = gpu_models.all();
  if (trace_.jobs.empty() && trace_.nodes.empty()) {
    return Error{Code::InvalidArgument,
                 trace_.dropped == 0
                     ? "expected a job a line, got none"
                     : "no job is left: all " + std::to_string(trace_.dropped) +
                           " were dropped, the first on " + trace_.first_drop +
                           "; expected a submission of 0 or later, a runtime and processors "
                           "above 0"};
  }
  if (!is_sorted_) {
    std::stable_sort(trace_.jobs.begin(),
                     trace_.jobs.end(),
                     [](const TraceJob& a, const TraceJob& b) { return a.submit < b.submit; });
  }
  if (trace_.processors > 0) {
    for (TraceJob& job : trace_.jobs) {
      job.processors = std::min(job.processors, trace_.processors);
    }
  }
  return std::move(trace_);
}

}  // namespace aion::simulate
