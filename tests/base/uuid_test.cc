// Names in the order of time.
#include "base/uuid.h"

#include <gtest/gtest.h>

namespace aion {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr system_clock::time_point kFar{std::chrono::hours(24) * 365 * 100};

TEST(Uuid, CarriesTheTimeInMillisecondsAndItsVersion) {
  const std::string uuid = new_uuid(kFar);

  // 100 years of 365 days are 3,153,600,000,000 ms = 0x02de 4135 3000
  EXPECT_EQ(uuid.substr(0, 15), "02de4135-3000-7");
  EXPECT_TRUE(uuid[19] == '8' || uuid[19] == '9' || uuid[19] == 'a' || uuid[19] == 'b') << uuid;
  EXPECT_TRUE(is_uuid(uuid));
}

TEST(Uuid, SortsBehindAllThatWereMadeBeforeAlsoWhenTheClockGoesBack) {
  std::string last = new_uuid(kFar);
  for (int i = 0; i < 10'000; ++i) {
    std::string next = new_uuid(kFar - milliseconds(i));
    EXPECT_LT(last, next);
    last = std::move(next);
  }
}

TEST(Uuid, IsThirtySixCharactersInLowerCase) {
  EXPECT_FALSE(is_uuid(""));
  EXPECT_FALSE(is_uuid("02DE4133-8000-7000-8000-000000000000"));
  EXPECT_FALSE(is_uuid("02de413308000-7000-8000-000000000000"));
  EXPECT_FALSE(is_uuid("../../etc/passwd-0000-0000-000000000"));
  EXPECT_TRUE(is_uuid("02de4133-8000-7000-8000-000000000000"));
}

}  // namespace
}  // namespace aion
