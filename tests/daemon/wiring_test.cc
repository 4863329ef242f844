#include "daemon/wiring.h"

#include <gtest/gtest.h>

namespace aion::daemon {
namespace {

using std::chrono::milliseconds;

TEST(TimeToSend, IsWhatTheStopLimitLeaves) {
  EXPECT_EQ(time_to_send(milliseconds{30'000}, milliseconds{12'000}), milliseconds{18'000});
}

TEST(TimeToSend, IsASecondAtLeast) {
  EXPECT_EQ(time_to_send(milliseconds{30'000}, milliseconds{29'500}), milliseconds{1'000});
  EXPECT_EQ(time_to_send(milliseconds{0}, milliseconds{0}), milliseconds{1'000});
}

}  // namespace
}  // namespace aion::daemon
