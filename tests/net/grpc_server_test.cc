// The gRPC server takes ports, says why it cannot, and stops.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include "net/grpc/server.h"

namespace aion::net {
namespace {

using ::testing::HasSubstr;

const Log kQuiet(LogLevel::Off);

TEST(GrpcServer, TakesAFreePort) {
  const auto server = GrpcServer::start({}, {}, kQuiet);

  ASSERT_TRUE(server) << server.error().message;
  EXPECT_GT((*server)->port(), 0);
}

TEST(GrpcServer, AcceptsAConnection) {
  const auto server = GrpcServer::start({}, {}, kQuiet);
  ASSERT_TRUE(server);

  const auto channel = ::grpc::CreateChannel("127.0.0.1:" + std::to_string((*server)->port()),
                                             ::grpc::InsecureChannelCredentials());

  EXPECT_TRUE(
      channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)));
}

TEST(GrpcServer, SaysThatAPortIsInUse) {
  const auto first = GrpcServer::start({}, {}, kQuiet);
  ASSERT_TRUE(first);

  const auto second = GrpcServer::start({"127.0.0.1", (*first)->port()}, {}, kQuiet);

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::Unavailable);
  EXPECT_EQ(second.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string((*first)->port()) +
                ": Address already in use");
}

TEST(GrpcServer, TakesTheSamePortAgainAfterAStop) {
  const auto first = GrpcServer::start({}, {}, kQuiet);
  ASSERT_TRUE(first);
  const std::uint16_t port = (*first)->port();
  (*first)->stop(std::chrono::milliseconds(0));

  const auto second = GrpcServer::start({"127.0.0.1", port}, {}, kQuiet);

  EXPECT_TRUE(second) << second.error().message;
}

TEST(GrpcServer, RefusesAnAddressThatIsNone) {
  const auto server = GrpcServer::start({"nowhere", 0}, {}, kQuiet);

  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, Code::InvalidArgument);
  EXPECT_THAT(server.error().message, HasSubstr("'nowhere'"));
}

}  // namespace
}  // namespace aion::net
