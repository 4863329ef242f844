#include "plot/ticks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::plot {
namespace {

std::vector<std::string> texts(const std::vector<Tick>& ticks) {
  std::vector<std::string> texts;
  for (const Tick& tick : ticks) {
    texts.push_back(tick.text);
  }
  return texts;
}

TEST(Ticks, StandAtRoundNumbers) {
  for (const auto& [low, high] :
       {std::pair(0.0, 97.0), std::pair(-3.0, 11.5), std::pair(0.0, 3e7)}) {
    const auto marks = ticks(low, high, 5, Scale::Number);

    ASSERT_GE(marks.size(), 2U) << high;
    EXPECT_LE(marks.size(), 10U) << high;
    const double step = marks[1].at - marks[0].at;
    for (std::size_t i = 0; i < marks.size(); ++i) {
      EXPECT_GE(marks[i].at, low);
      EXPECT_LE(marks[i].at, high);
      EXPECT_NEAR(marks[i].at, marks[0].at + static_cast<double>(i) * step, step * 1e-9);
    }
  }
}

TEST(Ticks, OfSharesAreWrittenAsPerCent) {
  EXPECT_THAT(texts(ticks(0, 1, 5, Scale::Share)), testing::Contains("100 %"));
}

TEST(Ticks, OfDurationsAreWrittenInTheUnitThatFits) {
  EXPECT_THAT(texts(ticks(0, 4 * 86'400, 5, Scale::Duration)), testing::Contains("2 d"));
  EXPECT_THAT(texts(ticks(1, 1e6, 8, Scale::LogDuration)),
              testing::IsSupersetOf({"1 s", "1 min", "1 h", "1 d"}));
}

TEST(Words, AreShort) {
  EXPECT_EQ(short_number(1'234'567), "1.23M");
  EXPECT_EQ(short_number(0.5), "0.5");
  EXPECT_EQ(short_duration(5400), "1.5 h");
  EXPECT_EQ(short_duration(0), "0 s");
  EXPECT_EQ(grouped(28'481), "28,481");
  EXPECT_EQ(grouped(-1'000), "-1,000");
  EXPECT_EQ(grouped(999), "999");
}

}  // namespace
}  // namespace aion::plot
