#include "security/authorizer.h"

#include <gtest/gtest.h>

namespace aion::security {
namespace {

TEST(LoopbackAuthorizer, TakesEverybodyForTheOneWhoOwnsTheMachine) {
  const LoopbackAuthorizer authorizer;

  const auto local = authorizer.identify({"127.0.0.1", ""});
  const auto remote = authorizer.identify({"192.0.2.1", "Bearer whatever"});

  ASSERT_TRUE(local);
  ASSERT_TRUE(remote);
  EXPECT_EQ((*local)->id, "loopback");
  EXPECT_EQ((*local)->project, "default");
  EXPECT_EQ(*local, *remote);  // one object: nothing is made per request
}

}  // namespace
}  // namespace aion::security
