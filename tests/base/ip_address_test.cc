#include "base/ip_address.h"

#include <gtest/gtest.h>

namespace aion {
namespace {

TEST(IpAddress, KnowsTheLoopbackAddressesOfBothProtocols) {
  EXPECT_TRUE(is_loopback_address("127.0.0.1"));
  EXPECT_TRUE(is_loopback_address("127.1.2.3"));
  EXPECT_TRUE(is_loopback_address("::1"));
  EXPECT_TRUE(is_loopback_address("::ffff:127.0.0.1"));
}

TEST(IpAddress, TakesNoNameForALoopbackAddress) {
  EXPECT_FALSE(is_loopback_address("127.example.org"));
  EXPECT_FALSE(is_loopback_address("localhost"));
  EXPECT_FALSE(is_loopback_address("127."));
  EXPECT_FALSE(is_loopback_address(""));
}

TEST(IpAddress, TakesNoOtherAddressForALoopbackAddress) {
  EXPECT_FALSE(is_loopback_address("128.0.0.1"));
  EXPECT_FALSE(is_loopback_address("0.0.0.0"));
  EXPECT_FALSE(is_loopback_address("::"));
  EXPECT_FALSE(is_loopback_address("::ffff:10.0.0.1"));
}

TEST(IpAddress, StandsInBracketsBeforeAPortWhenItHasColons) {
  EXPECT_EQ(with_port("127.0.0.1", 8000), "127.0.0.1:8000");
  EXPECT_EQ(with_port("::1", 8000), "[::1]:8000");
  EXPECT_EQ(with_port("[::1]", 8000), "[::1]:8000");
}

}  // namespace
}  // namespace aion
