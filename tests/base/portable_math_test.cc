#include "base/portable_math.h"

#include <cmath>

#include <gtest/gtest.h>

namespace aion {
namespace {

TEST(PortableMath, LogIsWithinAFewLastBitsOfTheLibrary) {
  for (double x = 1e-300; x < 1e300; x *= 1.37) {
    EXPECT_NEAR(portable_log(x), std::log(x), 4e-16 * std::abs(std::log(x)) + 1e-16) << x;
  }
}

TEST(PortableMath, ExpIsWithinAFewLastBitsOfTheLibrary) {
  for (double x = -700; x < 700; x += 0.731) {
    EXPECT_NEAR(portable_exp(x), std::exp(x), 1e-15 * std::exp(x)) << x;
  }
}

TEST(PortableMath, ExactPointsAreExact) {
  EXPECT_EQ(portable_log(1), 0);
  EXPECT_EQ(portable_exp(0), 1);
}

// The bits themselves: a change of them changes every generated trace.
TEST(PortableRandom, GivesTheNumbersOfSplitMix64) {
  PortableRandom random(1234567);

  EXPECT_EQ(random.bits(), 6457827717110365317U);
  EXPECT_EQ(random.bits(), 3203168211198807973U);
}

double mean_of(double (*draw)(PortableRandom&), int count) {
  PortableRandom random(7);
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += draw(random);
  }
  return sum / count;
}

// Bounds are four deviations of the mean of 100,000 numbers.
TEST(PortableRandom, DistributionsHaveTheirMeans) {
  constexpr int kCount = 100'000;

  EXPECT_NEAR(mean_of([](PortableRandom& r) { return r.uniform(); }, kCount), 0.5, 0.004);
  EXPECT_NEAR(mean_of([](PortableRandom& r) { return r.exponential(); }, kCount), 1, 0.013);
  EXPECT_NEAR(mean_of([](PortableRandom& r) { return r.normal(); }, kCount), 0, 0.013);
  EXPECT_NEAR(mean_of([](PortableRandom& r) { return r.gamma(4.2, 0.94); }, kCount), 3.948, 0.025);
  EXPECT_NEAR(mean_of([](PortableRandom& r) { return static_cast<double>(r.below(10)); }, kCount),
              4.5,
              0.037);
}

TEST(PortableRandom, NormalAndGammaHaveTheirDeviations) {
  constexpr int kCount = 100'000;

  EXPECT_NEAR(mean_of(
                  [](PortableRandom& r) {
                    const double x = r.normal();
                    return x * x;
                  },
                  kCount),
              1,
              0.02);
  EXPECT_NEAR(mean_of(
                  [](PortableRandom& r) {
                    const double x = r.gamma(312, 0.03) - 9.36;
                    return x * x;
                  },
                  kCount),
              0.2808,
              0.006);
}

TEST(PortableRandom, BelowReachesEveryNumberAndNoOther) {
  PortableRandom random(3);
  std::array<int, 3> seen{};

  for (int i = 0; i < 300; ++i) {
    ++seen.at(random.below(3));
  }

  EXPECT_GT(seen[0], 60);
  EXPECT_GT(seen[1], 60);
  EXPECT_GT(seen[2], 60);
}

}  // namespace
}  // namespace aion
