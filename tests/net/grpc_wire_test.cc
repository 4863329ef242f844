// Time limits and status messages of gRPC, as they stand in headers.
#include <gtest/gtest.h>

#include "net/grpc/wire.h"

namespace aion::net {
namespace {

using namespace std::chrono_literals;

TEST(GrpcTimeout, HasSixUnits) {
  EXPECT_EQ(parse_grpc_timeout("2H"), 2h);
  EXPECT_EQ(parse_grpc_timeout("30M"), 30min);
  EXPECT_EQ(parse_grpc_timeout("5S"), 5s);
  EXPECT_EQ(parse_grpc_timeout("250m"), 250ms);
  EXPECT_EQ(parse_grpc_timeout("99999999u"), 99'999'999us);
  EXPECT_EQ(parse_grpc_timeout("0n"), 0ns);
}

TEST(GrpcTimeout, IsCutWhereTheClockEnds) {
  EXPECT_EQ(parse_grpc_timeout("99999999H"), Duration::max());
}

TEST(GrpcTimeout, IsNothingElse) {
  for (const char* text :
       {"", "S", "5", "5s", "123456789S", "-1S", "+1S", " 1S", "1 S", "1.5S", "0x1S"}) {
    EXPECT_EQ(parse_grpc_timeout(text), std::nullopt) << text;
  }
}

TEST(GrpcMessage, EncodesWhatIsNotPrintable) {
  EXPECT_EQ(percent_encoded("plain ~ text"), "plain ~ text");
  EXPECT_EQ(percent_encoded("50 %\n\xC3\xA4\x7F"), "50 %25%0A%C3%A4%7F");
  EXPECT_EQ(percent_encoded(""), "");
}

}  // namespace
}  // namespace aion::net
