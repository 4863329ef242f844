#include "base/bytes.h"

#include <gtest/gtest.h>

namespace aion {
namespace {

TEST(ParseBytes, ReadsNumbersWithAndWithoutUnits) {
  EXPECT_EQ(*parse_bytes("0"), Bytes{0});
  EXPECT_EQ(*parse_bytes("512"), Bytes{512});
  EXPECT_EQ(*parse_bytes("512 B"), Bytes{512});
  EXPECT_EQ(*parse_bytes("1.5KiB"), Bytes{1536});
  EXPECT_EQ(*parse_bytes("2 GiB"), Bytes{2ULL << 30U});
  EXPECT_EQ(*parse_bytes("200MB"), Bytes{200'000'000});
  EXPECT_EQ(*parse_bytes("1024TiB"), Bytes{1ULL << 50U});
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  for (const char* text : {"",
                           "GiB",
                           "-1",
                           "1 gib",
                           "1GiBs",
                           "1  GiB",
                           "1025TiB",
                           "1e30",
                           "nan",
                           "inf",
                           "0x10",
                           " 1"}) {
    const auto size = parse_bytes(text);
    EXPECT_FALSE(size) << text;
  }
  EXPECT_EQ(parse_bytes("many").error().message,
            "expected a size such as 512MiB or 2GiB, at most 1024TiB, got 'many'");
}

TEST(ParseBytes, ReadsWhatToStringWrites) {
  for (const std::uint64_t count : {1ULL, 1023ULL, 1024ULL, 1536ULL, 5ULL << 30U}) {
    EXPECT_EQ(*parse_bytes(to_string(Bytes{count})), Bytes{count});
  }
}

}  // namespace
}  // namespace aion
