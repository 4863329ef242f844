#include "serving/digests.h"

#include <optional>

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

TEST(Digests, AreFewOfLargeInputs) {
  Digests digests;
  std::optional<Digests::One> first(std::in_place, digests, true);
  const Digests::One second(digests, true);
  {
    const Digests::One third(digests, true);
    EXPECT_TRUE(third.is_one_too_many());
    EXPECT_FALSE(second.is_one_too_many());
  }

  first.reset();

  EXPECT_FALSE(Digests::One(digests, true).is_one_too_many());
}

TEST(Digests, AreAsManyAsComeOfSmallInputs) {
  Digests digests;
  const Digests::One first(digests, false);
  const Digests::One second(digests, false);
  const Digests::One third(digests, false);

  EXPECT_FALSE(third.is_one_too_many());
  EXPECT_FALSE(Digests::One(digests, true).is_one_too_many());
}

}  // namespace
}  // namespace aion::serving
