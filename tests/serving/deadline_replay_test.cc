// The dispatcher under the load of a car, on virtual time: what is measured with real models by
// bench/serving/deadlines.py.
#include <gtest/gtest.h>

#include "base/manual_clock.h"
#include "base/wait.h"
#include "bench/serving/driving_load.h"
#include "serving/dispatcher.h"

namespace aion::serving {
namespace {

using bench::Arrival;
using bench::DrivingTask;
using bench::kDrivingTasks;

constexpr double kStepMs = 3;  // the longest step of a run at one row
constexpr Duration kLength = std::chrono::seconds(30);

struct Outcome {
  std::array<std::size_t, kCriticalities> asked{};
  std::array<std::size_t, kCriticalities> hits{};

  [[nodiscard]] double share(Criticality criticality) const {
    const auto i = static_cast<std::size_t>(criticality);
    return static_cast<double>(hits[i]) / static_cast<double>(asked[i]);
  }
  [[nodiscard]] std::size_t all_hits() const { return hits[0] + hits[1] + hits[2]; }
};

Duration time_of(double ms) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
}

/// One device with one slot, and the eight models.
class Car {
 public:
  struct Way {
    sched::Order order = sched::aging_shortest;
    bool honours_deadlines = true;
    bool has_steps = true;
  };
  explicit Car(Way way)
      : dispatcher_({inline_executor(), inline_executor(), 1, 0, way.honours_deadlines},
                    clock_,
                    way.order) {
    for (const DrivingTask& task : kDrivingTasks) {
      QueueRule rule;
      rule.limit = 4096;
      rule.batching.mode = catalog::Batching::Mode::Dynamic;
      rule.batch_limit = std::make_shared<BatchLimit>(BatchLimit::Kind::Fixed, 8);
      const double lone = task.alpha_ms + task.beta_ms;
      rule.steps = way.has_steps ? static_cast<std::size_t>(std::ceil(lone / kStepMs)) : 1;
      queues_.push_back(Dispatcher::make_queue(std::move(rule)));
    }
  }

  Outcome replay(double load, std::uint32_t seed) {
    std::array<double, kDrivingTasks.size()> lone{};
    std::ranges::transform(kDrivingTasks, lone.begin(), [](const DrivingTask& task) {
      return task.alpha_ms + task.beta_ms;
    });
    const double scale = load / bench::offered_load(lone);
    for (const Arrival& arrival : bench::driving_arrivals(scale, kLength, seed)) {
      advance_to(TimePoint{arrival.at});
      spawn(inline_executor(), ask(arrival.task));
    }
    advance_to(clock_.now() + std::chrono::seconds(10));
    return outcome_;
  }

 private:
  void advance_to(TimePoint when) { clock_.advance(when - clock_.now()); }

  Awaitable<void> ask(std::size_t number) {
    const DrivingTask& task = kDrivingTasks[number];
    const auto criticality = static_cast<std::size_t>(task.criticality);
    QueuedRequest request;
    request.rows = 1;
    request.usual_cost = time_of(task.alpha_ms + task.beta_ms);
    RequestContext context;
    context.deadline = clock_.now() + time_of(task.deadline_ms);
    context.criticality = task.criticality;
    ++outcome_.asked[criticality];
    auto turn = co_await dispatcher_.acquire(queues_[number], request, context);
    if (!turn) {
      co_return;
    }
    if (turn->slot) {
      co_await run(task, *turn, queues_[number]->rule().steps);
    }
    outcome_.hits[criticality] += clock_.now() <= context.deadline ? 1 : 0;
  }

  Awaitable<void> run(const DrivingTask& task, Dispatcher::Turn& turn, std::size_t steps) {
    const auto rows = static_cast<double>(1 + turn.companions.size());
    const Duration whole = time_of(task.alpha_ms + task.beta_ms * rows);
    for (std::size_t step = 0; step < steps; ++step) {
      if (step > 0) {
        co_await turn.slot->between_steps();
      }
      const TimePoint end = clock_.now() + whole / static_cast<Duration::rep>(steps);
      static_cast<void>(co_await wait_until(clock_, end, CancelToken()));
    }
    turn.slot.reset();
    for (Dispatcher::Companion& companion : turn.companions) {
      companion.go_on(inline_executor());
    }
  }

  ManualClock clock_;
  Dispatcher dispatcher_;
  std::vector<std::shared_ptr<Dispatcher::Queue>> queues_;
  Outcome outcome_;
};

class DeadlineReplay : public testing::TestWithParam<std::uint32_t> {};

TEST_P(DeadlineReplay, KeepsTheDeadlinesOfTheSafetyClassUpToFullLoad) {
  for (const double load : {0.7, 1.0}) {
    const Outcome outcome = Car({}).replay(load, GetParam());

    EXPECT_GE(outcome.share(Criticality::Safety), 0.999) << load;
  }
}

TEST_P(DeadlineReplay, KeepsNearlyAllOfThemUnderOverload) {
  const Outcome outcome = Car({}).replay(1.5, GetParam());

  EXPECT_GE(outcome.share(Criticality::Safety), 0.99);
}

TEST_P(DeadlineReplay, LeavesBestEffortAFloorUnderOverload) {
  const Outcome outcome = Car({}).replay(1.5, GetParam());

  EXPECT_GE(outcome.share(Criticality::BestEffort), 0.1);
}

TEST_P(DeadlineReplay, AnswersMoreInTimeAtFullLoadThanOtherOrdersDo) {
  const std::size_t ours = Car({}).replay(1.0, GetParam()).all_hits();

  const std::size_t fcfs =
      Car({sched::first_come, false, false}).replay(1.0, GetParam()).all_hits();
  const std::size_t priority =
      Car({sched::strict_priority, false, false}).replay(1.0, GetParam()).all_hits();

  EXPECT_GE(ours * 100, fcfs * 113);
  EXPECT_GE(ours * 100, priority * 109);
}

TEST_P(DeadlineReplay, KeepsFewerSafetyDeadlinesWithoutSteps) {
  const Outcome whole = Car({sched::aging_shortest, true, false}).replay(1.0, GetParam());
  const Outcome in_steps = Car({}).replay(1.0, GetParam());

  EXPECT_GT(in_steps.share(Criticality::Safety), whole.share(Criticality::Safety));
}

INSTANTIATE_TEST_SUITE_P(Seeds, DeadlineReplay, testing::Values(1U, 2U, 3U, 4U, 5U));

}  // namespace
}  // namespace aion::serving
