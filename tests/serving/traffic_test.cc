#include "serving/traffic.h"

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

/// Requests one after another; how many of them stood alone.
int lone_of(Traffic& traffic, int requests) {
  int lone = 0;
  for (int i = 0; i < requests; ++i) {
    const Traffic::Request request(traffic);
    lone += traffic.is_lone() ? 1 : 0;
  }
  return lone;
}

TEST(Traffic, IsTrustedOnlyAfterManyLoneRequests) {
  Traffic traffic;

  EXPECT_EQ(lone_of(traffic, 63), 0);
  EXPECT_GT(lone_of(traffic, 2), 0);
}

TEST(Traffic, LetsALoneRequestMakeRoomNowAndThen) {
  Traffic traffic;
  lone_of(traffic, 64);

  EXPECT_EQ(lone_of(traffic, 160), 150);
}

TEST(Traffic, HasNoLoneRequestBesideAnother) {
  Traffic traffic;
  lone_of(traffic, 65);
  const Traffic::Request first(traffic);
  EXPECT_TRUE(traffic.is_lone());

  const Traffic::Request second(traffic);

  EXPECT_FALSE(traffic.is_lone());
}

TEST(Traffic, BeginsAnewAfterTwoAtOnce) {
  Traffic traffic;
  lone_of(traffic, 100);
  {
    const Traffic::Request first(traffic);
    const Traffic::Request second(traffic);
  }

  EXPECT_EQ(lone_of(traffic, 63), 0);
}

}  // namespace
}  // namespace aion::serving
