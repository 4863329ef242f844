// Replays the requests of a car's eight models through the serving of one device with one slot, and
// prints who was answered in time. Driven by deadlines.py.
//
//   bench_deadlines lone MODELS                            milliseconds of each model's lone run
//   bench_deadlines replay MODELS WAY SCALE SECONDS SEED   one line of JSON; periods / SCALE
//   bench_deadlines record MODELS RUNS                     time and CPU time of runs; on stderr
//   what the latency model
//                                                          would have been off by, in runs that
//                                                          nobody preempted
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>

#include "base/spawn.h"
#include "base/thread_time.h"
#include "catalog/repository/folder.h"
#include "resource/ledger.h"
#include "runtime/backends.h"
#include "serving/driving_load.h"
#include "serving/latency_model.h"
#include "serving/model_server.h"

namespace aion::bench {
namespace {

using serving::InferRequest;
using serving::InferResponse;

constexpr std::int64_t kTokens = 64;
constexpr std::int64_t kWidth = 256;
constexpr auto kStall = std::chrono::milliseconds(2);

tensor::Tensor input_of(std::int64_t rows) {
  const auto count = static_cast<std::size_t>(rows * kTokens * kWidth);
  auto [buffer, data] = tensor::Buffer::allocate(count * sizeof(float));
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(std::sin(static_cast<double>(i)));
    std::memcpy(data + i * sizeof(value), &value, sizeof(value));
  }
  return {tensor::DataType::Fp32, {rows, kTokens, kWidth}, std::move(buffer), nullptr};
}

[[noreturn]] void die(const std::string& why) {
  static_cast<void>(std::fprintf(stderr, "%s\n", why.c_str()));
  std::exit(1);
}

/// What an order of the engine is called here.
struct Way {
  std::string_view name;
  sched::Order order;
  bool honours_deadlines;
  bool rejects;  // a request that waits beyond its deadline
};
constexpr std::array<Way, 4> kWays = {{{"aion", sched::aging_shortest, true, true},
                                       {"fcfs", sched::first_come, false, false},
                                       {"fcfs-reject", sched::first_come, false, true},
                                       {"priority-reject", sched::strict_priority, false, true}}};

/// The house of a daemon, without its protocols.
struct House {
  House(const std::filesystem::path& models, const Way& way)
      : repository({models}),
        backends(environment(executors)),
        server({executors, repository, backends, ledger, metrics, log}, config_of(way)) {}

  static runtime::BackendEnvironment environment(Executors& executors) {
    runtime::BackendEnvironment wanted;
    wanted.clock = &executors.clock();
    return wanted;
  }
  static serving::Config config_of(const Way& way) {
    serving::Config config;
    config.order = way.order;
    config.honours_deadlines = way.honours_deadlines;
    config.inline_below = std::chrono::microseconds(0);  // everything goes over the device
    return config;
  }

  Executors executors{{1, 1, 2}};
  catalog::FolderRepository repository;
  runtime::Backends backends;
  resource::Ledger ledger = resource::Ledger::without_limit({resource::DeviceKind::Cpu, 0});
  Metrics metrics;
  Log log{LogLevel::Warn};
  serving::ModelServer server;
};

struct NoSink final : serving::InferSink {
  void send(InferResponse /*response*/) override {}
};

enum class End : std::uint8_t { Hit, Miss, Stalled, Shed };

struct Counts {
  std::array<std::atomic<std::uint64_t>, 4> ends{};
};

/// Notes when this machine did not let a thread run for long.
class StallProbe {
 public:
  StallProbe()
      : thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            const auto before = std::chrono::steady_clock::now();
            std::this_thread::sleep_for(std::chrono::microseconds(300));
            const auto after = std::chrono::steady_clock::now();
            if (after - before > kStall) {
              const std::scoped_lock lock(mutex_);
              gaps_.emplace_back(before, after);
            }
          }
        }) {}

  [[nodiscard]] bool has_gap(TimePoint from, TimePoint to) {
    const std::scoped_lock lock(mutex_);
    return std::ranges::any_of(
        gaps_, [&](const auto& gap) { return gap.first < to && gap.second > from; });
  }
  [[nodiscard]] std::size_t gaps() {
    const std::scoped_lock lock(mutex_);
    return gaps_.size();
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<TimePoint, TimePoint>> gaps_;
  std::jthread thread_;
};

class Replay {
 public:
  Replay(House& house, const Way& way) : house_(house), way_(way) {}

  /// Milliseconds of a lone run of each model; the median of some.
  std::array<double, kDrivingTasks.size()> lone_costs() {
    std::array<double, kDrivingTasks.size()> costs{};
    for (std::size_t i = 0; i < kDrivingTasks.size(); ++i) {
      constexpr std::size_t kRuns = 31;
      std::vector<double> times;
      for (std::size_t run = 0; run < kRuns; ++run) {
        const TimePoint begin = clock().now();
        NoSink sink;
        auto ended = wait_for(house_.executors.io(), house_.server.infer({}, request_of(i), sink));
        if (!ended) {
          die(ended.error().message);
        }
        times.push_back(std::chrono::duration<double, std::milli>(clock().now() - begin).count());
      }
      std::ranges::sort(times);
      costs[i] = times[kRuns / 2];
    }
    return costs;
  }

  void run(const std::vector<Arrival>& arrivals, StallProbe* probe) {
    const TimePoint start = clock().now() + std::chrono::milliseconds(50);
    for (const Arrival& arrival : arrivals) {
      std::this_thread::sleep_until(start + arrival.at);
      ++under_way_;
      spawn(house_.executors.io(), ask(arrival.task, start + arrival.at, probe));
    }
    while (under_way_ > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  std::array<Counts, kCriticalities> counts;
  std::array<Counts, kDrivingTasks.size()> by_task;

 private:
  [[nodiscard]] Clock& clock() { return house_.executors.clock(); }

  InferRequest request_of(std::size_t task) {
    InferRequest request;
    request.model = kDrivingTasks[task].name;
    request.inputs.push_back({"x", input_});
    return request;
  }

  Awaitable<void> ask(std::size_t number, TimePoint due, StallProbe* probe) {
    const DrivingTask& task = kDrivingTasks[number];
    const TimePoint deadline =
        due + std::chrono::duration_cast<Duration>(
                  std::chrono::duration<double, std::milli>(task.deadline_ms));
    InferRequest request = request_of(number);
    request.criticality = task.criticality;
    if (way_.rejects) {
      request.deadline = std::max(deadline - clock().now(), Duration{1});
    }
    NoSink sink;
    RequestContext context;
    auto ended = co_await house_.server.infer(context, std::move(request), sink);
    const TimePoint now = clock().now();
    if (probe != nullptr) {
      End end = !ended ? End::Shed : now <= deadline ? End::Hit : End::Miss;
      if (end != End::Hit && probe->has_gap(due, now)) {
        end = End::Stalled;
      }
      ++counts[static_cast<std::size_t>(task.criticality)].ends[static_cast<std::size_t>(end)];
      ++by_task[number].ends[static_cast<std::size_t>(end)];
    }
    --under_way_;
  }

  House& house_;
  const Way& way_;
  tensor::Tensor input_ = input_of(1);
  std::atomic<std::size_t> under_way_ = 0;
};

void print_counts(std::string_view name, const Counts& counts) {
  std::printf("\"%.*s\": {\"hit\": %lu, \"miss\": %lu, \"stalled\": %lu, \"shed\": %lu}",
              static_cast<int>(name.size()),
              name.data(),
              counts.ends[0].load(),
              counts.ends[1].load(),
              counts.ends[2].load(),
              counts.ends[3].load());
}

int replay(const std::filesystem::path& models,
           std::string_view wanted,
           double scale,
           int seconds,
           std::uint32_t seed) {
  const auto* const way = std::ranges::find(kWays, wanted, &Way::name);
  if (way == kWays.end()) {
    die("unknown way");
  }
  House house(models, *way);
  if (const auto started = wait_for(house.executors.blocking(), house.server.start()); !started) {
    die(started.error().message);
  }
  Replay replay(house, *way);
  const auto costs = replay.lone_costs();
  replay.run(driving_arrivals(scale, std::chrono::seconds(3), seed + 1000), nullptr);
  StallProbe probe;
  replay.run(driving_arrivals(scale, std::chrono::seconds(seconds), seed), &probe);
  std::printf("{\"way\": \"%s\", \"scale\": %g, \"seed\": %u, \"gaps\": %zu, \"lone_ms\": [",
              std::string(wanted).c_str(),
              scale,
              seed,
              probe.gaps());
  for (std::size_t i = 0; i < costs.size(); ++i) {
    std::printf("%s%.3f", i == 0 ? "" : ", ", costs[i]);
  }
  std::printf("], \"classes\": {");
  for (std::size_t i = 0; i < kCriticalities; ++i) {
    std::printf(i == 0 ? "" : ", ");
    print_counts(to_string(static_cast<Criticality>(i)), replay.counts[i]);
  }
  std::printf("}, \"tasks\": {");
  for (std::size_t i = 0; i < kDrivingTasks.size(); ++i) {
    std::printf(i == 0 ? "" : ", ");
    print_counts(kDrivingTasks[i].name, replay.by_task[i]);
  }
  std::printf("}}\n");
  static_cast<void>(
      wait_for(house.executors.blocking(), house.server.stop(std::chrono::seconds(20))));
  return 0;
}

int lone(const std::filesystem::path& models) {
  House house(models, kWays.front());
  if (const auto started = wait_for(house.executors.blocking(), house.server.start()); !started) {
    die(started.error().message);
  }
  const auto costs = Replay(house, kWays.front()).lone_costs();
  std::printf("{\"load\": %.6f, \"ms\": [", offered_load(costs));
  for (std::size_t i = 0; i < costs.size(); ++i) {
    std::printf("%s%.3f", i == 0 ? "" : ", ", costs[i]);
  }
  std::printf("]}\n");
  static_cast<void>(
      wait_for(house.executors.blocking(), house.server.stop(std::chrono::seconds(20))));
  return 0;
}

struct DropSink final : runtime::ResponseSink {
  void send(runtime::Response /*response*/) override {}
};

int record(const std::filesystem::path& models, int runs) {
  House house(models, kWays.front());
  std::printf("model,rows,us,cpu_us\n");
  auto found = house.repository.scan();
  if (!found) {
    die(found.error().message);
  }
  for (const auto& finding : *found) {
    const auto& version = finding.model->versions.front();
    auto lease = house.ledger.take(
        {"record", house.ledger.device(), {1.0, Bytes{}}, resource::CoreUse::Lent});
    auto backend = house.backends.find(version);
    auto instance = wait_for(inline_executor(), (*backend)->open(version, *std::move(lease)));
    if (!instance) {
      die(instance.error().message);
    }
    serving::LatencyModel model;
    std::vector<double> errors;
    for (int i = 0; i < runs; ++i) {
      const std::int64_t rows = 1 + (i * 7919 % 13) % 8;
      runtime::Batch batch{{input_of(rows)}, {0}, {}};
      DropSink sink;
      const Duration cpu = thread_cpu_time();
      const TimePoint begin = house.executors.clock().now();
      auto ended = wait_for(inline_executor(), (*instance)->run(std::move(batch), {}, sink));
      const Duration took = house.executors.clock().now() - begin;
      const Duration used = thread_cpu_time() - cpu;
      if (!ended) {
        die(ended.error().message);
      }
      const double us = std::chrono::duration<double, std::micro>(took).count();
      const double cpu_us = std::chrono::duration<double, std::micro>(used).count();
      std::printf("%s,%ld,%.1f,%.1f\n", finding.name.c_str(), rows, us, cpu_us);
      const auto told = model.usual(static_cast<std::uint64_t>(rows));
      if (i >= 100 && us <= 1.1 * cpu_us) {
        errors.push_back(std::abs(std::chrono::duration<double, std::micro>(told).count() - us) /
                         us);
      }
      model.observe(static_cast<std::uint64_t>(rows), took);
    }
    std::ranges::sort(errors);
    if (!errors.empty()) {
      static_cast<void>(std::fprintf(stderr,
                                     "%s: steps %zu, error p50 %.1f %%, p90 %.1f %%\n",
                                     finding.name.c_str(),
                                     (*instance)->steps(),
                                     100 * errors[errors.size() / 2],
                                     100 * errors[errors.size() * 9 / 10]));
    }
  }
  return 0;
}

}  // namespace
}  // namespace aion::bench

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "replay" && argc == 7) {
    return aion::bench::replay(argv[2],
                               argv[3],
                               std::atof(argv[4]),
                               std::atoi(argv[5]),
                               static_cast<std::uint32_t>(std::atoi(argv[6])));
  }
  if (what == "lone" && argc == 3) {
    return aion::bench::lone(argv[2]);
  }
  if (what == "record" && argc == 4) {
    return aion::bench::record(argv[2], std::atoi(argv[3]));
  }
  static_cast<void>(std::fprintf(
      stderr, "usage: lone MODELS | replay MODELS WAY SCALE SECONDS SEED | record MODELS RUNS\n"));
  return 2;
}
