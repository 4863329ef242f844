#include "simulate/read_trace.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/line_reader.h"
#include "base/unpacked_file.h"
#include "simulate/trace_formats.h"

namespace aion::simulate {
namespace {

constexpr std::size_t kLongestLine = 65'536;
constexpr std::size_t kMostThroughputs = std::size_t{64} << 20U;

Error not_a_trace(std::string_view first_line) {
  std::string looks;
  for (const TraceFormat& format : trace_formats()) {
    looks += "\n  " + std::string(format.look);
  }
  return Error{Code::InvalidArgument,
               "line 1: expected the begin of a trace, got " + shown(first_line) +
                   "; a trace begins with one of" + looks};
}

Result<std::unique_ptr<TraceParser>> parser_for(std::string_view first_line,
                                                const FormatContext& context) {
  const auto formats = trace_formats();
  const auto format =
      std::find_if(formats.begin(), formats.end(), [&](const TraceFormat& candidate) {
        return candidate.recognises(first_line);
      });
  if (format == formats.end()) {
    return not_a_trace(first_line);
  }
  return format->open(context);
}

bool is_empty(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

Result<Trace> read_lines(LineReader& lines, TraceBuilder& trace, const FormatContext& context) {
  std::unique_ptr<TraceParser> parser;
  std::string_view line;
  for (;;) {
    AION_TRY(const bool has_line, lines.next(line));
    if (!has_line) {
      break;
    }
    if (is_empty(line)) {
      continue;
    }
    if (!parser) {
      AION_TRY(parser, parser_for(line, context));
    }
    if (auto taken = parser->take(line, lines.number(), trace); !taken) {
      return in_context("line " + std::to_string(lines.number()), std::move(taken).error());
    }
  }
  if (!parser) {
    return Error{Code::InvalidArgument, "expected a trace, got an empty file"};
  }
  return trace.finish();
}

/// Where gavel's table lies when nobody says: beside the trace, under the names it goes by.
std::filesystem::path throughputs_beside(const std::filesystem::path& file) {
  for (const auto* name : {"gavel-simulation-throughputs.json.gz",
                           "gavel-simulation-throughputs.json",
                           "simulation_throughputs.json"}) {
    const auto candidate = file.parent_path() / name;
    std::error_code ignored;
    if (std::filesystem::exists(candidate, ignored)) {
      return candidate;
    }
  }
  return {};
}

FormatContext context_of(const std::filesystem::path& file, const ReadOptions& options) {
  FormatContext context;
  context.throughputs = [file, named = options.throughputs]() -> Result<std::string> {
    const auto table = named.empty() ? throughputs_beside(file) : named;
    if (table.empty()) {
      return Error{Code::InvalidArgument,
                   "a trace of gavel tells steps, not seconds: expected its table of throughputs "
                   "(--throughputs FILE, gavel's simulation_throughputs.json), found none beside "
                   "the trace"};
    }
    return read_unpacked(table, kMostThroughputs);
  };
  return context;
}

}  // namespace

Result<Trace> read_trace(const std::filesystem::path& file, const ReadOptions& options) {
  AION_TRY(UnpackedFile in, UnpackedFile::open(file));
  const std::string name = file == "-" ? "standard input" : file.filename().string();
  TraceBuilder trace(name, options.processors, options.every);
  const auto source = [&](std::span<char> to) {
    if (options.progress) {
      options.progress({in.taken(), in.size(), trace.jobs()});
    }
    return in.read(to);
  };
  LineReader lines(source, kLongestLine);
  auto read = read_lines(lines, trace, context_of(file, options));
  if (!read) {
    return in_context(name, std::move(read).error());
  }
  return read;
}

Result<Trace> read_trace_text(std::string_view text,
                              const std::string& name,
                              const ReadOptions& options) {
  TraceBuilder trace(name, options.processors, options.every);
  const auto source = [&](std::span<char> to) -> Result<std::size_t> {
    const std::size_t count = std::min(to.size(), text.size());
    std::memcpy(to.data(), text.data(), count);
    text.remove_prefix(count);
    return count;
  };
  LineReader lines(source, kLongestLine);
  auto read = read_lines(lines, trace, context_of(name, options));
  if (!read) {
    return in_context(name, std::move(read).error());
  }
  return read;
}

}  // namespace aion::simulate
