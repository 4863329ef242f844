#include "daemon/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::daemon {
namespace {

using testing::HasSubstr;

TEST(Config, ListensOnEveryLoopbackAddressWithoutAsking) {
  for (const char* address : {"127.0.0.1", "127.255.0.9", "::1", "localhost"}) {
    Config config;
    config.listen = address;
    EXPECT_TRUE(config.check()) << address;
  }
}

TEST(Config, RefusesANameThatOnlyBeginsLikeALoopbackAddress) {
  for (const char* address : {"127.example.org", "127.0.0.1.example.org", "0.0.0.0", "::"}) {
    Config config;
    config.listen = address;

    const auto checked = config.check();

    ASSERT_FALSE(checked) << address;
    EXPECT_THAT(checked.error().message, HasSubstr(address));
    EXPECT_THAT(checked.error().message, HasSubstr("--insecure"));
  }
}

TEST(Config, TakesAsManyThreadsAsTheLimitAllows) {
  Config config;
  config.io_threads = config.compute_threads = config.blocking_threads = 1024;

  EXPECT_TRUE(config.check());
}

TEST(Config, RefusesMoreThreadsThanTheLimitAndSaysTheLimit) {
  Config config;
  config.compute_threads = 1025;

  const auto checked = config.check();

  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message, "threads.compute: expected at most 1024, got 1025");
}

TEST(Config, NamesTheOrdersThereAreWhenItIsAskedForAnother) {
  Config config;
  config.serving_order = "fifo";

  const auto checked = config.check();

  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("serving.order: there is no order 'fifo'"));
  EXPECT_THAT(checked.error().message, HasSubstr("fcfs"));
}

TEST(Config, TakesNoPolicyForJobsThatKnowsHowLongTheyWillRun) {
  Config config;
  config.jobs_policy = "easy-perfect";

  const auto checked = config.check();

  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("jobs.policy"));
  config.jobs_policy = "easy";
  EXPECT_TRUE(config.check());
}

TEST(Config, RefusesToDoWithoutThreadsForFiles) {
  Config config;
  config.blocking_threads = 0;

  EXPECT_FALSE(config.check());
}

TEST(Config, PutsARelativeUnixSocketIntoTheDataFolder) {
  Config config;
  config.data_dir = "/data";
  config.http_unix = "http.sock";
  config.grpc_unix = "/run/aion/../grpc.sock";

  ASSERT_TRUE(config.check());

  EXPECT_EQ(config.http_unix, "/data/http.sock");
  EXPECT_EQ(config.grpc_unix, "/run/grpc.sock");
}

TEST(Config, RefusesAUnixSocketWhosePathIsTooLongAndNamesIt) {
  Config config;
  config.grpc_unix = "/" + std::string(107, 'p');

  const auto checked = config.check();

  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message,
              HasSubstr("grpc.unix: expected a path of 1 to 107 bytes, got 108"));
}

TEST(Config, RefusesOneUnixSocketForBothProtocols) {
  Config config;
  config.http_unix = config.grpc_unix = "/run/both.sock";

  const auto checked = config.check();

  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("'/run/both.sock'"));
}

}  // namespace
}  // namespace aion::daemon
