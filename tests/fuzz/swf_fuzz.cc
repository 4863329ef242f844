// The reader of SWF: any text gives jobs that are clean, or an error.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "simulate/read_trace.h"

namespace {

bool is_clean(const aion::simulate::Trace& trace) {
  std::int64_t last = 0;
  for (const aion::simulate::TraceJob& job : trace.jobs) {
    if (job.submit < last || job.runtime <= 0 || job.request < job.runtime || job.processors <= 0 ||
        (trace.processors > 0 && job.processors > trace.processors) ||
        (job.deadline >= 0 && job.deadline < job.submit)) {
      return false;
    }
    last = job.submit;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The comment makes it SWF, whatever comes behind it.
  const std::string text = ";\n" + std::string(reinterpret_cast<const char*>(data), size);
  const auto trace = aion::simulate::read_trace_text(text, "fuzz", {});
  const bool is_right = trace ? is_clean(*trace) : trace.error().message.starts_with("fuzz: ");
  if (!is_right) {
    std::abort();
  }
  return 0;
}
