// Engine time of policies on a synthetic trace or an SWF file: what a replay costs without reading
// anything.
//
// usage: bench_engine [--jobs N] [--processors N] [--load X] [--repeats N] [--swf FILE] [POLICY...]
//
// Prints a line a policy: jobs, decisions, the least and the median engine time in CPU seconds, and
// the peak memory so far.
#include "simulate/engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>

#include "sched/policies.h"

namespace {

using aion::simulate::Trace;
using aion::simulate::TraceJob;

struct Options {
  std::size_t jobs = 100'000;
  std::int32_t processors = 256;
  double load = 0.85;
  int repeats = 5;
  std::string swf;
  std::vector<std::string> policies;
};

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  double uniform() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return static_cast<double>((z ^ (z >> 31U)) >> 11U) * 0x1.0p-53;
  }
  double exponential(double mean) { return -mean * std::log1p(-uniform()); }

 private:
  std::uint64_t state_;
};

/// Poisson arrivals, log-uniform runtimes of 10 s to 10 h, widths of powers of two up to an eighth
/// of the machine, requests of one to five times the runtime, 200 users.
Trace synthetic(const Options& options) {
  Random random(1);
  Trace trace;
  trace.name = "synthetic";
  trace.processors = options.processors;
  trace.jobs.reserve(options.jobs);
  const double width_levels = std::log2(static_cast<double>(options.processors) / 8) + 1;
  double area = 0;
  for (std::size_t i = 0; i < options.jobs; ++i) {
    TraceJob job;
    job.id = static_cast<std::int64_t>(i) + 1;
    job.runtime = static_cast<std::int64_t>(10 * std::pow(3600, random.uniform()));
    job.request =
        static_cast<std::int64_t>(static_cast<double>(job.runtime) * (1 + 4 * random.uniform()));
    job.processors = 1 << static_cast<int>(width_levels * random.uniform() * random.uniform());
    job.user = static_cast<std::int32_t>(200 * random.uniform());
    area += static_cast<double>(job.runtime) * job.processors;
    trace.jobs.push_back(job);
  }
  const double mean_gap =
      area / static_cast<double>(options.jobs) / options.processors / options.load;
  double now = 0;
  for (TraceJob& job : trace.jobs) {
    now += random.exponential(mean_gap);
    job.submit = static_cast<std::int64_t>(now);
  }
  return trace;
}

/// A plain SWF file, cleaned as the reference results were.
Trace read_swf(const std::string& path) {
  Trace trace;
  trace.name = path;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(';')) {
      const auto at = line.find("MaxProcs:");
      trace.processors =
          at == std::string::npos ? trace.processors : std::stoi(line.substr(at + 9));
      continue;
    }
    std::istringstream fields(line);
    std::array<double, 12> f{};
    for (double& field : f) {
      fields >> field;
    }
    TraceJob job;
    job.id = static_cast<std::int64_t>(f[0]);
    job.submit = static_cast<std::int64_t>(f[1]);
    job.runtime = static_cast<std::int64_t>(f[3]);
    job.request = static_cast<std::int64_t>(f[8] > 0 ? f[8] : f[3]);
    job.runtime = std::min(job.runtime, job.request);
    job.processors = static_cast<std::int32_t>(f[7] > 0 ? f[7] : f[4]);
    job.user = static_cast<std::int32_t>(f[11]);
    if (job.runtime > 0 && job.processors > 0 && job.submit >= 0) {
      trace.jobs.push_back(job);
    }
  }
  std::stable_sort(trace.jobs.begin(), trace.jobs.end(), [](const TraceJob& a, const TraceJob& b) {
    return a.submit < b.submit;
  });
  return trace;
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

long peak_mebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

int measure(const Trace& trace, const std::string& name, int repeats) {
  const auto policy = aion::sched::find_policy(name);
  if (!policy) {
    std::fprintf(stderr, "%s\n", policy.error().message.c_str());
    return 2;
  }
  std::vector<double> seconds;
  std::int64_t decisions = 0;
  for (int i = 0; i < repeats; ++i) {
    const double begin = cpu_seconds();
    const auto replayed = aion::simulate::replay(trace, {.policy = *policy});
    seconds.push_back(cpu_seconds() - begin);
    if (!replayed) {
      std::fprintf(stderr, "%s\n", replayed.error().message.c_str());
      return 1;
    }
    decisions = replayed->decisions;
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("%-18s %9zu jobs %9lld decisions  least %9.4f s  median %9.4f s  peak %5ld MiB\n",
              name.c_str(),
              trace.jobs.size(),
              static_cast<long long>(decisions),
              seconds.front(),
              seconds[seconds.size() / 2],
              peak_mebibytes());
  std::fflush(stdout);
  return 0;
}

bool parse(int count, char** words, Options& options) {
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (!word.starts_with("--")) {
      options.policies.push_back(word);
      continue;
    }
    if (i + 1 == count) {
      return false;
    }
    const std::string value = words[++i];
    if (word == "--jobs") {
      options.jobs = std::stoul(value);
    } else if (word == "--processors") {
      options.processors = std::stoi(value);
    } else if (word == "--load") {
      options.load = std::stod(value);
    } else if (word == "--repeats") {
      options.repeats = std::stoi(value);
    } else if (word == "--swf") {
      options.swf = value;
    } else {
      return false;
    }
  }
  return options.jobs > 0 && options.processors >= 8 && options.load > 0 && options.repeats > 0;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  if (!parse(count, words, options)) {
    std::fprintf(stderr,
                 "usage: bench_engine [--jobs N] [--processors N>=8] [--load X] [--repeats N] "
                 "[--swf FILE] [POLICY...]\n");
    return 2;
  }
  const Trace trace = options.swf.empty() ? synthetic(options) : read_swf(options.swf);
  if (options.policies.empty()) {
    options.policies = {"fcfs", "easy", "easy-sjbf", "sjfg-req", "cons"};
  }
  for (const std::string& policy : options.policies) {
    if (const int failed = measure(trace, policy, options.repeats); failed != 0) {
      return failed;
    }
  }
  return 0;
}
