#include "tests/simulate/trace_files.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <zlib.h>

namespace aion::simulate::testing {
namespace {

std::optional<std::string> unpacked(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    return std::nullopt;
  }
  std::string text;
  std::array<char, 1 << 16> block{};
  int got = 0;
  while ((got = gzread(file, block.data(), static_cast<unsigned>(block.size()))) > 0) {
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  gzclose(file);
  return got == 0 ? std::optional(text) : std::nullopt;
}

void add_job(const std::string& line, Trace& trace) {
  std::istringstream fields(line);
  std::array<double, 18> f{};
  for (double& field : f) {
    fields >> field;
  }
  const auto whole = [&](std::size_t at) {
    return static_cast<std::int64_t>(f[at]);
  };
  TraceJob job;
  job.id = whole(0);
  job.submit = whole(1);
  job.runtime = whole(3);
  job.request = whole(8);
  job.processors = static_cast<std::int32_t>(whole(7) > 0 ? whole(7) : whole(4));
  job.user = static_cast<std::int32_t>(whole(11));
  job.name = static_cast<std::int32_t>(whole(13));
  job.priority = static_cast<std::int32_t>(whole(14));
  if (job.runtime <= 0 || job.processors <= 0 || job.submit < 0) {
    ++trace.dropped;
    return;
  }
  job.request = job.request > 0 ? job.request : job.runtime;
  job.runtime = std::min(job.runtime, job.request);
  job.processors = std::min(job.processors, trace.processors);
  trace.jobs.push_back(job);
}

}  // namespace

std::optional<std::string> trace_folder() {
  const char* named = std::getenv("AION_TRACES");
  const std::filesystem::path folder =
      named != nullptr ? named
                       : std::filesystem::path(AION_SOURCE_FOLDER) / ".." / "shared" / "traces";
  return std::filesystem::is_directory(folder) ? std::optional(folder.string()) : std::nullopt;
}

std::optional<Trace> read_swf(const std::string& path) {
  const std::optional<std::string> text = unpacked(path);
  if (!text) {
    return std::nullopt;
  }
  Trace trace;
  trace.name = std::filesystem::path(path).filename().string();
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (const auto at = line.find("MaxProcs:"); line[0] == ';' && at != std::string::npos) {
      trace.processors = std::stoi(line.substr(at + 9));
    } else if (const auto nodes = line.find("MaxNodes:");
               line[0] == ';' && nodes != std::string::npos && trace.processors == 0) {
      trace.processors = std::stoi(line.substr(nodes + 9));
    } else if (!line.empty() && line[0] != ';') {
      add_job(line, trace);
    }
  }
  std::stable_sort(trace.jobs.begin(), trace.jobs.end(), [](const TraceJob& a, const TraceJob& b) {
    return a.submit < b.submit;
  });
  return trace;
}

std::optional<Trace> read_philly(const std::string& path,
                                 std::size_t step,
                                 std::int32_t processors) {
  const std::optional<std::string> text = unpacked(path);
  if (!text) {
    return std::nullopt;
  }
  Trace trace;
  trace.name = std::filesystem::path(path).filename().string();
  trace.processors = processors;
  std::istringstream lines(*text);
  std::string line;
  std::getline(lines, line);  // the header
  for (std::size_t row = 0; std::getline(lines, line); ++row) {
    if (row % step != 0) {
      continue;
    }
    std::vector<std::string> fields;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) {
      fields.push_back(cell);
    }
    TraceJob job;
    job.id = std::stoll(fields[0]);
    job.processors = std::stoi(fields[2]);
    job.submit = std::stoll(fields[3]);
    job.runtime = std::stoll(fields[6]);
    job.request = job.runtime;
    job.deadline = job.submit + std::stoll(fields[8]);
    if (job.processors > 0) {
      trace.jobs.push_back(job);
    }
  }
  std::stable_sort(trace.jobs.begin(), trace.jobs.end(), [](const TraceJob& a, const TraceJob& b) {
    return a.submit < b.submit;
  });
  return trace;
}

}  // namespace aion::simulate::testing
