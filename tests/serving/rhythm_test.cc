#include "serving/rhythm.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TimePoint at(std::int64_t ms) {
  return TimePoint{seconds(100) + milliseconds(ms)};
}

Rhythm of(const std::vector<std::int64_t>& times) {
  Rhythm rhythm;
  for (const std::int64_t time : times) {
    rhythm.note(at(time));
  }
  return rhythm;
}

TEST(Rhythm, TellsWhenThePeriodicCallerComesNext) {
  const Rhythm rhythm = of({0, 1000, 2010, 3000, 4005});

  const auto next = rhythm.next(at(4100));

  ASSERT_TRUE(next);
  EXPECT_NEAR(std::chrono::duration<double>(*next - at(5000)).count(), 0, 0.02);
}

TEST(Rhythm, IsNoneBeforeFiveRequestsNorWhereIntervalsDiffer) {
  EXPECT_FALSE(of({0, 1000, 2000, 3000}).next(at(3100)));
  EXPECT_FALSE(of({0, 1000, 2000, 3500, 4500}).next(at(4600)));
}

TEST(Rhythm, TakesABurstForOneRequest) {
  EXPECT_TRUE(of({0, 5, 9, 1000, 1003, 2000, 2050, 3000, 4000}).next(at(4100)));
}

TEST(Rhythm, GoesOnOverAMissedRequestAndEndsAfterTwo) {
  const Rhythm rhythm = of({0, 1000, 2000, 3000, 4000});

  EXPECT_EQ(rhythm.next(at(5500)), at(6000));
  EXPECT_FALSE(rhythm.next(at(9500)));
}

}  // namespace
}  // namespace aion::serving
