#include "cli/table.h"

#include <gtest/gtest.h>

namespace aion::cli {
namespace {

TEST(Columns, AreAsWideAsTheirWidestCell) {
  EXPECT_EQ(columns({{"MODEL", "STATE"}, {"a", "READY"}, {"longer name", "-"}}),
            "MODEL        STATE\n"
            "a            READY\n"
            "longer name  -\n");
}

TEST(Columns, CountCharactersNotBytes) {
  EXPECT_EQ(columns({{"é", "x"}, {"ab", "x"}}),
            "é   x\n"
            "ab  x\n");
}

TEST(Columns, LeaveNoBlanksBehindARowThatEndsEarly) {
  EXPECT_EQ(columns({{"name", "", ""}, {"a", "b", "c"}, {"alone"}}),
            "name\n"
            "a      b  c\n"
            "alone\n");
}

TEST(Columns, OfNothingAreNothing) {
  EXPECT_EQ(columns({}), "");
}

}  // namespace
}  // namespace aion::cli
