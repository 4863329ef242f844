#include "base/cancel.h"

#include <gtest/gtest.h>

namespace aion {
namespace {

TEST(Cancel, ADefaultTokenIsNeverCancelled) {
  const CancelToken token;
  EXPECT_FALSE(token.is_cancelled());
  EXPECT_FALSE(token.can_be_cancelled());
}

TEST(Cancel, CallsTheHookOnce) {
  CancelSource source;
  int calls = 0;
  const CancelHook hook = source.token().when_cancelled([&] { ++calls; });

  source.cancel();
  source.cancel();

  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(source.token().is_cancelled());
}

TEST(Cancel, CallsAtOnceWhenItIsCancelledAlready) {
  CancelSource source;
  source.cancel();
  int calls = 0;

  const CancelHook hook = source.token().when_cancelled([&] { ++calls; });

  EXPECT_EQ(calls, 1);
}

TEST(Cancel, DoesNotCallAHookThatIsGone) {
  CancelSource source;
  int calls = 0;
  {
    const CancelHook hook = source.token().when_cancelled([&] { ++calls; });
  }

  source.cancel();

  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace aion
