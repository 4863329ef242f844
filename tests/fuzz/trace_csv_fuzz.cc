// The readers of traces with columns: the first byte says which heading the text gets.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "simulate/read_trace.h"

namespace {

constexpr std::array kHeadings{
    "",  // whatever comes: the recognition of formats
    "job_id,user,num_gpu,submit_time,iterations,model_name,duration,interval,expect_time_list,"
    "expect_value_list,best_effort,job_type\n",
    "job_id,num_gpu,submit_time,iterations,model_name,duration,interval\n",
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
    "deletion_time,scheduled_time\n",
    "sn,cpu_milli,memory_mib,gpu,model\n"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  std::string text = kHeadings[data[0] % kHeadings.size()];
  text.append(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto trace = aion::simulate::read_trace_text(text, "fuzz", {});
  if (!trace) {
    if (!trace.error().message.starts_with("fuzz: ")) {
      std::abort();
    }
    return 0;
  }
  for (const aion::simulate::TraceJob& job : trace->jobs) {
    if (job.submit < 0 || job.runtime <= 0 || job.request != job.runtime || job.processors <= 0) {
      std::abort();
    }
  }
  return 0;
}
