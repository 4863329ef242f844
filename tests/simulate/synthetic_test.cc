#include "simulate/synthetic.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "simulate/read_trace.h"

namespace aion::simulate {
namespace {

std::string text_of(const SyntheticOptions& options) {
  std::string text;
  const auto written = write_synthetic_swf(options, [&](std::string_view part) -> Result<void> {
    text += part;
    return {};
  });
  EXPECT_TRUE(written);
  return text;
}

std::string digest_of(const std::string& text) {
  Sha256 digest;
  digest.add(std::as_bytes(std::span(text)));
  return digest.finish();
}

// A change of it changes every figure that anybody wrote down for a seed.
TEST(Synthetic, IsTheSameOnEveryMachine) {
  EXPECT_EQ(digest_of(text_of({.jobs = 2'000, .processors = 128, .load = 0.9, .seed = 42})),
            "2ee59a7ca89c84d0279e7fc831d22e054a69548dc766e1e543c5e64b3eaf8d75");
}

TEST(Synthetic, DiffersFromSeedToSeed) {
  EXPECT_NE(text_of({.jobs = 10, .seed = 1}), text_of({.jobs = 10, .seed = 2}));
}

TEST(Synthetic, IsReadAsItWasMade) {
  const SyntheticOptions options{.jobs = 500, .processors = 64, .seed = 3};
  const auto made = synthetic_trace(options);
  ASSERT_TRUE(made);

  const auto read = read_trace_text(text_of(options), "t", {});

  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->processors, 64);
  EXPECT_EQ(read->dropped, 0);
  EXPECT_EQ(read->cut, 0);
  ASSERT_EQ(read->jobs.size(), 500U);
  for (std::size_t i = 0; i < 500; ++i) {
    EXPECT_EQ(read->jobs[i].submit, made->jobs[i].submit) << i;
    EXPECT_EQ(read->jobs[i].runtime, made->jobs[i].runtime) << i;
    EXPECT_EQ(read->jobs[i].request, made->jobs[i].request) << i;
    EXPECT_EQ(read->jobs[i].processors, made->jobs[i].processors) << i;
    EXPECT_EQ(read->jobs[i].deadline, made->jobs[i].deadline) << i;
  }
}

TEST(Synthetic, ComesNearTheLoadThatWasAsked) {
  for (const double load : {0.5, 0.8, 1.2}) {
    const auto trace = synthetic_trace({.jobs = 50'000, .processors = 256, .load = load});
    ASSERT_TRUE(trace);
    double work = 0;
    for (const TraceJob& job : trace->jobs) {
      work += static_cast<double>(job.runtime) * job.processors;
    }

    const double reached = work / 256 / static_cast<double>(trace->jobs.back().submit);

    EXPECT_NEAR(reached, load, 0.03 * load);
  }
}

TEST(Synthetic, StaysWithinTheMachineAndTheWidestJob) {
  const auto trace = synthetic_trace({.jobs = 20'000, .processors = 100'000, .widest = 16});
  ASSERT_TRUE(trace);
  std::set<std::int32_t> sizes;
  for (const TraceJob& job : trace->jobs) {
    sizes.insert(job.processors);
    ASSERT_GE(job.request, job.runtime);
    ASSERT_GT(job.runtime, 0);
  }

  EXPECT_EQ(*sizes.begin(), 1);
  EXPECT_EQ(*sizes.rbegin(), 16);
}

TEST(Synthetic, MakesSerialJobsOnAMachineOfOne) {
  const auto trace = synthetic_trace({.jobs = 100, .processors = 1});

  ASSERT_TRUE(trace);
  EXPECT_TRUE(std::all_of(trace->jobs.begin(), trace->jobs.end(), [](const TraceJob& job) {
    return job.processors == 1;
  }));
}

TEST(Synthetic, SubmitsInOrderAndMoreByDayThanByNight) {
  const auto trace = synthetic_trace({.jobs = 50'000});
  ASSERT_TRUE(trace);
  EXPECT_TRUE(std::is_sorted(
      trace->jobs.begin(), trace->jobs.end(), [](const TraceJob& a, const TraceJob& b) {
        return a.submit < b.submit;
      }));
  std::array<int, 24> hours{};
  for (const TraceJob& job : trace->jobs) {
    ++hours.at(static_cast<std::size_t>(job.submit / 3600 % 24));
  }

  EXPECT_GT(hours[14], 4 * hours[3]);  // 1.75 to 0.25
}

TEST(Synthetic, NamesWhatIsOutOfBounds) {
  const auto message = [](const SyntheticOptions& options) {
    const auto trace = synthetic_trace(options);
    return trace ? "no error" : trace.error().message;
  };

  EXPECT_EQ(message({.jobs = 0}), "jobs: expected 1 to 100000000, got 0");
  EXPECT_EQ(message({.load = 0}), "load: expected 0.001 to 100.0, got 0.0");
  EXPECT_EQ(message({.processors = 4, .widest = 5}), "widest: expected 0 to 4, got 5");
  EXPECT_THAT(message({.jobs = 1'000'000, .processors = 1, .load = 0.001}),
              testing::StartsWith("jobs, processors and load: expected a trace of at most "
                                  "9000000000 s, got one of "));
}

}  // namespace
}  // namespace aion::simulate
