// The requests of a car's eight periodic models, made up the same for everybody who replays them.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/request_context.h"

namespace aion::bench {

/// A model that is asked periodically: every stream (a camera, a tracked object) in each period.
struct DrivingTask {
  std::string_view name;
  double period_ms;
  double deadline_ms;
  Criticality criticality;
  std::size_t streams;
  double alpha_ms;  // a run of b rows takes alpha + beta * b
  double beta_ms;
};

// shared/traces/driving-tasks.csv; criticality 2 is Safety, 1 Normal, 0 BestEffort.
inline constexpr std::array<DrivingTask, 8> kDrivingTasks = {{
    {"brake-detect", 10, 10, Criticality::Safety, 1, 0.8, 0.35},
    {"lane", 33, 33, Criticality::Safety, 1, 2.0, 0.9},
    {"camera-det", 33, 50, Criticality::Safety, 4, 3.0, 1.6},
    {"lidar-seg", 100, 100, Criticality::Normal, 1, 9.0, 6.0},
    {"track-pred", 50, 50, Criticality::Normal, 2, 1.2, 0.6},
    {"driver-mon", 66, 100, Criticality::Normal, 1, 2.0, 1.0},
    {"voice", 200, 300, Criticality::BestEffort, 1, 8.0, 4.0},
    {"scene-caption", 500, 1000, Criticality::BestEffort, 1, 30.0, 12.0},
}};

struct Arrival {
  Duration at{};  // since the start
  std::size_t task = 0;
};

/// What all tasks ask of one device in a second if every request runs alone, in seconds; `cost_ms`
/// is that of each task's lone run.
inline double offered_load(const std::array<double, kDrivingTasks.size()>& cost_ms) {
  double load = 0;
  for (std::size_t i = 0; i < kDrivingTasks.size(); ++i) {
    load += static_cast<double>(kDrivingTasks[i].streams) * cost_ms[i] / kDrivingTasks[i].period_ms;
  }
  return load;
}

/// Periods divided by `scale`, phases drawn from `seed`; every four seconds on average an event
/// asks 4 * scale + 1 times more for tasks below Safety within 5 ms. Ascending.
inline std::vector<Arrival> driving_arrivals(double scale, Duration length, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto unit = [&random] {  // not a distribution of the library: those differ
    return static_cast<double>(random()) / 4294967296.0;
  };
  const double end_ms = std::chrono::duration<double, std::milli>(length).count();
  const auto time_of = [](double ms) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
  };
  std::vector<Arrival> arrivals;
  for (std::size_t i = 0; i < kDrivingTasks.size(); ++i) {
    const double period = kDrivingTasks[i].period_ms / scale;
    for (std::size_t stream = 0; stream < kDrivingTasks[i].streams; ++stream) {
      for (double at = period * unit(); at < end_ms; at += period) {
        arrivals.push_back({time_of(at), i});
      }
    }
  }
  constexpr std::size_t kFirstBelowSafety = 3;
  constexpr double kEventsMs = 4000;
  for (double at = kEventsMs * unit(); at < end_ms; at += 2 * kEventsMs * unit()) {
    for (int n = 0; n < static_cast<int>(4 * scale) + 1; ++n) {
      const auto below = static_cast<double>(kDrivingTasks.size() - kFirstBelowSafety);
      const auto task = kFirstBelowSafety + static_cast<std::size_t>(below * unit());
      arrivals.push_back({time_of(at + 5 * unit()), task});
    }
  }
  std::ranges::stable_sort(arrivals, {}, &Arrival::at);
  return arrivals;
}

}  // namespace aion::bench
