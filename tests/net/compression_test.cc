// What was packed comes out again, what is not packed as it says is refused, and a bomb stops at
// the limit. (Other programs' gzip: tests/protocol/kserve/test_compression.py.)
#include "net/compression.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::net {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kLimit = 1U << 20U;

std::string packed(std::string_view text, Compression compression) {
  return pack(std::array{text}, compression);
}

class CompressionTest : public testing::TestWithParam<Compression> {};

TEST_P(CompressionTest, GivesBackWhatWasPacked) {
  std::string mixed;
  for (unsigned i = 0; i < 300'000; ++i) {
    mixed += static_cast<char>(i * i >> 7U);
  }
  for (const std::string& text :
       {std::string(), std::string("x"), std::string(700'000, 'l'), mixed}) {
    const auto unpacked = unpack(packed(text, GetParam()), GetParam(), kLimit);
    ASSERT_TRUE(unpacked) << unpacked.error().message;
    EXPECT_EQ(*unpacked, text);
  }
}

TEST_P(CompressionTest, PacksAllPiecesIntoOneStream) {
  const std::array<std::string_view, 3> pieces{"head", "", "tail"};
  EXPECT_EQ(*unpack(pack(pieces, GetParam()), GetParam(), kLimit), "headtail");
}

TEST_P(CompressionTest, TakesWhatReachesTheLimitAndStopsAboveIt) {
  const std::string text(kLimit, 'b');
  EXPECT_TRUE(unpack(packed(text, GetParam()), GetParam(), kLimit));
  const auto bomb = unpack(packed(std::string(64U << 20U, '\0'), GetParam()), GetParam(), kLimit);
  ASSERT_FALSE(bomb);
  EXPECT_EQ(bomb.error().code, Code::ResourceExhausted);
  EXPECT_THAT(bomb.error().message, HasSubstr("at most 1048576 bytes"));
  EXPECT_FALSE(unpack(packed("x", GetParam()), GetParam(), 0));
}

TEST_P(CompressionTest, RefusesWhatIsNotPackedAsItSays) {
  const std::string good = packed("hello hello hello", GetParam());
  const Compression other =
      GetParam() == Compression::Gzip ? Compression::Deflate : Compression::Gzip;
  for (const std::string& wrong : {std::string("not packed at all"),
                                   std::string(),
                                   good.substr(0, good.size() - 1),
                                   good + "more",
                                   packed("hello", other)}) {
    const auto unpacked = unpack(wrong, GetParam(), kLimit);
    ASSERT_FALSE(unpacked);
    EXPECT_EQ(unpacked.error().code, Code::InvalidArgument);
    EXPECT_THAT(unpacked.error().message, HasSubstr(to_string(GetParam())));
  }
}

INSTANTIATE_TEST_SUITE_P(Both,
                         CompressionTest,
                         testing::Values(Compression::Deflate, Compression::Gzip),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

TEST(ParseCompression, KnowsTheNames) {
  EXPECT_EQ(parse_compression(""), Compression::Identity);
  EXPECT_EQ(parse_compression("identity"), Compression::Identity);
  EXPECT_EQ(parse_compression("gzip"), Compression::Gzip);
  EXPECT_EQ(parse_compression("deflate"), Compression::Deflate);
  EXPECT_EQ(parse_compression("GZIP"), std::nullopt);
  EXPECT_EQ(parse_compression("br"), std::nullopt);
}

TEST(BestAccepted, GoesByWeightThenByPlace) {
  const std::vector<std::pair<std::string_view, Compression>> cases{
      {"", Compression::Identity},
      {"gzip", Compression::Gzip},
      {"gzip, deflate", Compression::Gzip},
      {"deflate, gzip", Compression::Deflate},
      {"br, deflate", Compression::Deflate},
      {"br", Compression::Identity},
      {"*", Compression::Identity},
      {"gzip;q=0.5, deflate;q=0.8", Compression::Deflate},
      {"gzip ; q=0.5 , identity", Compression::Identity},
      {"gzip;q=0", Compression::Identity},
      {"gzip;q=nonsense", Compression::Identity},
      {"GZIP;Q=1.0", Compression::Gzip},
      {",,;;,gzip;x=1;q=0.1,", Compression::Gzip},
  };
  for (const auto& [header, best] : cases) {
    EXPECT_EQ(best_accepted(header), best) << header;
  }
}

}  // namespace
}  // namespace aion::net
