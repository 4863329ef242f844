// The engine against an independent reference: every start of every trace and policy, to the
// second.
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/json_dom.h"
#include "sched/policies.h"
#include "simulate/engine.h"
#include "simulate/figures.h"
#include "tests/simulate/trace_files.h"

namespace aion::simulate {
namespace {

constexpr std::string_view kNoTraces = "no_traces";

/// What the reference says of all traces, parsed once.
const JsonElement* expected() {
  static JsonParser parser;
  static const auto root = []() -> std::optional<JsonElement> {
    const auto folder = testing::trace_folder();
    const auto text = folder ? read_file(*folder + "/expected-sched.json", 1 << 24)
                             : Error{Code::NotFound, "no folder"};
    if (!text) {
      return std::nullopt;
    }
    const auto parsed = parser.parse(std::as_bytes(std::span(*text)));
    return parsed ? std::optional(*parsed) : std::nullopt;
  }();
  return root ? &*root : nullptr;
}

std::vector<std::string> trace_names() {
  std::vector<std::string> names;
  if (const JsonElement* root = expected()) {
    for (const auto& field : JsonObject(*root)) {
      names.emplace_back(field.key);
    }
  }
  return names.empty() ? std::vector{std::string(kNoTraces)} : names;
}

std::string digest_of_starts(const Trace& trace, const Replay& replayed) {
  Sha256 digest;
  for (std::size_t at = 0; at < trace.jobs.size(); ++at) {
    const std::string line =
        std::to_string(trace.jobs[at].id) + ' ' + std::to_string(replayed.starts[at]) + '\n';
    digest.add(std::as_bytes(std::span(line)));
  }
  return digest.finish();
}

class OnTrace : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == kNoTraces) {
      GTEST_SKIP() << "no traces: neither AION_TRACES nor ../shared/traces is a folder with "
                      "expected-sched.json";
    }
    auto read = testing::read_swf(*testing::trace_folder() + '/' + GetParam());
    ASSERT_TRUE(read) << GetParam() << " cannot be read";
    trace_ = *std::move(read);
    expected_ = (*expected())[GetParam()];
  }

  Trace trace_;
  JsonElement expected_;
};

TEST_P(OnTrace, StartsEveryJobWhenTheReferenceDoes) {
  ASSERT_EQ(trace_.jobs.size(), std::size_t(std::uint64_t(expected_["jobs"])));
  ASSERT_GT(JsonObject(expected_["policies"]).size(), 0U);
  for (const auto& [name, figures] : JsonObject(expected_["policies"])) {
    SCOPED_TRACE(name);
    const auto policy = sched::find_policy(name);
    ASSERT_TRUE(policy) << policy.error().message;

    const auto replayed = replay(trace_, {.policy = *policy});

    ASSERT_TRUE(replayed) << replayed.error().message;
    EXPECT_EQ(digest_of_starts(trace_, *replayed), std::string_view(figures["starts_sha256"]));
  }
}

TEST_P(OnTrace, GivesTheFiguresOfTheReference) {
  for (const auto& [name, wanted] : JsonObject(expected_["policies"])) {
    SCOPED_TRACE(name);
    const auto policy = sched::find_policy(name);
    ASSERT_TRUE(policy) << policy.error().message;
    const auto replayed = replay(trace_, {.policy = *policy});
    ASSERT_TRUE(replayed) << replayed.error().message;

    const Figures got = figures(trace_, replayed->starts, replayed->processors);

    constexpr double kRounding = 1e-6;  // the reference is written with six decimals
    EXPECT_NEAR(got.mean_wait, double(wanted["avg_wait"]), kRounding);
    EXPECT_EQ(got.p95_wait, std::int64_t(wanted["p95_wait"]));
    EXPECT_EQ(got.max_wait, std::int64_t(wanted["max_wait"]));
    EXPECT_NEAR(got.mean_bounded_slowdown, double(wanted["avg_bsld"]), kRounding);
    EXPECT_NEAR(got.mean_flow, double(wanted["avg_flow"]), kRounding);
    EXPECT_EQ(got.sum_of_completions, std::int64_t(wanted["sum_C"]));
    EXPECT_EQ(got.makespan, std::int64_t(wanted["makespan"]));
    EXPECT_NEAR(got.utilisation, double(wanted["util"]), kRounding);
    EXPECT_NEAR(got.utilisation_of_arrivals, double(wanted["util_arrival"]), kRounding);
  }
}

TEST_P(OnTrace, GivesTheLowerBoundsOfTheReference) {
  const Bounds got = lower_bounds(trace_, trace_.processors);

  const JsonElement wanted = expected_["bounds_sum_C"];
  constexpr double kRounding = 1e-9;  // sums of ten thousands of doubles, of the order of 1e11
  const auto expect_close = [&](double value, std::string_view name) {
    const double reference = wanted[name];
    EXPECT_NEAR(value / reference, 1.0, kRounding) << name;
  };
  expect_close(got.trivial, "trivial");
  expect_close(got.srpt, "srpt");
  expect_close(got.mean_busy, "mbt");
  expect_close(got.recursive, "recursive");
}

TEST_P(OnTrace, MovesSomeStartsWhenTiesAreWorkedOffOneByOne) {
  const auto policy = sched::find_policy("easy");
  ASSERT_TRUE(policy);

  const auto batch = replay(trace_, {.policy = *policy});
  const auto event = replay(trace_, {.policy = *policy, .ties = Ties::Event});

  ASSERT_TRUE(batch && event);
  std::size_t moved = 0;
  for (std::size_t at = 0; at < trace_.jobs.size(); ++at) {
    moved += batch->starts[at] != event->starts[at] ? 1 : 0;
  }
  if (GetParam() == "KTH-SP2-1996-2.2.swf.gz") {
    EXPECT_EQ(moved, 456U);  // SCHED-SPEC.md
    // The reference, run with --ties event.
    EXPECT_EQ(digest_of_starts(trace_, *event),
              "0502a5909e58c8728ea921b189b266a15fc2ec6f5cd0a109ec206dd8ba004b8c");
  }
  EXPECT_LT(moved, trace_.jobs.size() / 10);
}

/// The figures of a policy on the trace.
Figures figures_of(const Trace& trace, std::string_view name) {
  const auto policy = sched::find_policy(name);
  EXPECT_TRUE(policy);
  const auto replayed = replay(trace, {.policy = *policy});
  EXPECT_TRUE(replayed);
  return figures(trace, replayed->starts, replayed->processors);
}

TEST_P(OnTrace, ServesTheDefaultPolicyNoWorseThanShortestBackfill) {
  const Figures ours = figures_of(trace_, "default");

  EXPECT_LE(ours.mean_bounded_slowdown, figures_of(trace_, "easy-sjbf").mean_bounded_slowdown);
  if (GetParam() == "KTH-SP2-1996-2.2.swf.gz") {
    const Figures easy = figures_of(trace_, "easy");
    EXPECT_LE(ours.mean_bounded_slowdown, 0.65 * easy.mean_bounded_slowdown);
    EXPECT_LE(ours.p99_wait, easy.p99_wait);
    EXPECT_LE(static_cast<double>(ours.max_wait), 1.5 * static_cast<double>(easy.max_wait));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Reference, OnTrace, ::testing::ValuesIn(trace_names()), [](const auto& of) {
      std::string name = of.param;
      std::replace_if(
          name.begin(),
          name.end(),
          [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; },
          '_');
      return name;
    });

}  // namespace
}  // namespace aion::simulate
