// Gavel's traces and their table of throughputs: any two texts give jobs that are clean, or an
// error.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "simulate/read_trace.h"

namespace {

/// A file that holds the table of one input after the other.
const std::filesystem::path& table_file() {
  static const std::filesystem::path kFile =
      std::filesystem::temp_directory_path() / ("aion-gavel-fuzz-" + std::to_string(getpid()));
  return kFile;
}

// Numbers that a table may hold, and some that it should not.
constexpr const char* kTable =
    "{\"v100\": {\"('ResNet-18 (batch size 16)', 1)\": {\"null\": 12.5},"
    " \"('LM', 2)\": {\"null\": 1e-300}}}";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Up to the first zero the trace, behind it the table.
  const std::string all(reinterpret_cast<const char*>(data), size);
  const std::size_t end = all.find('\0');
  const std::string table = end == std::string::npos ? kTable : all.substr(end + 1);
  std::ofstream(table_file(), std::ios::trunc) << table;
  aion::simulate::ReadOptions options;
  options.throughputs = table_file();
  const auto trace = aion::simulate::read_trace_text(all.substr(0, end), "fuzz", options);
  std::filesystem::remove(table_file());
  if (!trace) {
    return 0;
  }
  for (const aion::simulate::TraceJob& job : trace->jobs) {
    if (job.submit < 0 || job.runtime <= 0 || job.request != job.runtime || job.processors <= 0) {
      std::abort();
    }
  }
  return 0;
}
