#include "net/client/load_generator.h"

#include <gmock/gmock.h>

#include "net/client/answer_reader.h"
#include "tests/net/client/canned_server.h"

namespace aion::net {
namespace {

using ::testing::HasSubstr;

class LoadGeneratorTest : public ::testing::Test {
 protected:
  LoadConfig to(const std::string& path, std::uint64_t count) const {
    LoadConfig config;
    config.port = server_.port();
    config.request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    config.request_count = count;
    return config;
  }

  CannedServer server_;
};

TEST_F(LoadGeneratorTest, SendsExactlyAsManyRequestsAsAsked) {
  LoadConfig config = to("/ok", 1000);
  config.connections = 7;

  const auto report = generate_load(config);

  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->answered, 1000U);
  EXPECT_EQ(report->latency.count(), 1000U);
  EXPECT_EQ(report->errors, 0U);
  EXPECT_EQ(report->not_ok, 0U);
  EXPECT_EQ(server_.request_count(), 1000);
}

TEST_F(LoadGeneratorTest, SendsALargeRequestWhole) {
  LoadConfig config = to("/ok", 20);
  const std::string body(4U << 20U, 'x');
  config.request = "POST /ok HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4194304\r\n\r\n" + body;
  config.connections = 2;

  const auto report = generate_load(config);

  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->answered, 20U);
}

TEST_F(LoadGeneratorTest, CountsFailuresAndKeepsTheFirst) {
  const auto report = generate_load(to("/sometimes", 100));

  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->answered, 100U);
  EXPECT_EQ(report->not_ok, 10U);
  EXPECT_EQ(report->failing_status, 503);
  EXPECT_EQ(report->failing_body, R"({"error":"try later"})");
}

TEST_F(LoadGeneratorTest, ConnectsAnewWhenTheServerCloses) {
  LoadConfig config = to("/ok", 20);
  config.request = "GET /ok HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

  const auto report = generate_load(config);

  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->answered, 20U);
  EXPECT_EQ(report->errors, 0U);
}

TEST_F(LoadGeneratorTest, KeepsToARate) {
  LoadConfig config = to("/ok", 50);
  config.requests_per_second = 1000;

  const auto report = generate_load(config);

  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->answered, 50U);
  EXPECT_GE(report->elapsed, std::chrono::milliseconds(49));
}

TEST_F(LoadGeneratorTest, CountsTheWaitForAConnectionInAnOpenLoop) {
  LoadConfig config = to("/ok", 200);
  config.requests_per_second = 1e9;  // all are due at once, one connection answers them in turn

  const auto report = generate_load(config);

  ASSERT_TRUE(report.has_value()) << report.error().message;
  // The last was due at the start, so its latency is nearly the whole time; uncorrected it would be
  // a 200th.
  EXPECT_GT(report->latency.max(), report->elapsed / 2);
}

TEST_F(LoadGeneratorTest, EndsAfterTheDuration) {
  LoadConfig config = to("/ok", 0);
  config.duration = std::chrono::milliseconds(50);

  const auto report = generate_load(config);

  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_GE(report->elapsed, std::chrono::milliseconds(50));
  EXPECT_GT(report->answered, 0U);
}

TEST(LoadGenerator, SaysThatNobodyAnswers) {
  LoadConfig config;
  {
    const CannedServer server;
    config.port = server.port();
  }

  const auto report = generate_load(config);

  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, Code::Unavailable);
  EXPECT_THAT(report.error().message, HasSubstr("nobody answers at 127.0.0.1:"));
}

TEST(LoadGenerator, RefusesARateOfNothing) {
  LoadConfig config;
  config.requests_per_second = 0;

  const auto report = generate_load(config);

  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, Code::InvalidArgument);
}

TEST(AnswerReader, FindsTheEndOfAnAnswerThatComesByteByByte) {
  const std::string answer =
      "HTTP/1.1 404 Not Found\r\ncontent-length:  2\r\nConnection: close\r\n\r\nno";
  AnswerReader reader;

  for (std::size_t i = 0; i + 1 < answer.size(); ++i) {
    ASSERT_EQ(reader.take(answer.substr(i, 1)), AnswerReader::State::More);
  }
  ASSERT_EQ(reader.take(answer.substr(answer.size() - 1)), AnswerReader::State::Whole);

  EXPECT_EQ(reader.status(), 404);
  EXPECT_EQ(reader.body(), "no");
  EXPECT_TRUE(reader.closes());
}

TEST(AnswerReader, RefusesWhatIsNoHttp) {
  AnswerReader reader;

  EXPECT_EQ(reader.take("SSH-2.0-OpenSSH\r\n\r\n"), AnswerReader::State::Malformed);
  EXPECT_THAT(reader.problem(), HasSubstr("not HTTP/1.1"));
}

TEST(AnswerReader, RefusesAnAnswerWithoutALength) {
  AnswerReader reader;

  EXPECT_EQ(reader.take("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            AnswerReader::State::Malformed);
}

}  // namespace
}  // namespace aion::net
