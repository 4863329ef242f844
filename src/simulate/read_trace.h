// Reads a trace in whatever format it has.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "simulate/trace.h"

namespace aion::simulate {

/// How far reading is.
struct ReadProgress {
  std::uint64_t taken_bytes;  // from the disk
  std::uint64_t size_bytes;   // 0 = not known
  std::size_t jobs;
};

struct ReadOptions {
  std::int32_t processors = 0;  // of the machine; 0 = as the trace says
  std::int64_t every = 1;       // take the records 0, N, 2 N, ...; > 0
  /// Gavel's table of throughputs; empty = the one that lies beside the trace.
  std::filesystem::path throughputs = {};
  /// Called about every 256 KiB of text; may be empty.
  std::function<void(const ReadProgress&)> progress = {};
};

/// A trace in SWF or one of the CSV formats of trace_formats(), recognised by its first line, as it
/// is or packed by gzip; "-" is the standard input. Cleaned as TraceBuilder says. Memory: the jobs
/// and two blocks.
///
/// fails   NotFound, Unavailable when the file cannot be read; InvalidArgument when it is none of
/// the formats, a value is not what its column holds, or no job is left: the message says file,
/// line, column, what was expected and what came
[[nodiscard]] Result<Trace> read_trace(const std::filesystem::path& file,
                                       const ReadOptions& options);

/// The same of a text in memory.
[[nodiscard]] Result<Trace> read_trace_text(std::string_view text,
                                            const std::string& name,
                                            const ReadOptions& options);

}  // namespace aion::simulate
