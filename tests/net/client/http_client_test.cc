#include "net/client/http_client.h"

#include <gmock/gmock.h>

#include "tests/net/client/canned_server.h"

namespace aion::net {
namespace {

using ::testing::HasSubstr;

class HttpClientTest : public ::testing::Test {
 protected:
  ClientRequest to(const std::string& path) const {
    ClientRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(server_.port()) + path;
    return request;
  }

  CannedServer server_;
  HttpClient client_;
};

TEST_F(HttpClientTest, GivesStatusHeadersAndBody) {
  const auto response = client_.send(to("/show"));

  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.at("x-answer"), "yes");
  EXPECT_THAT(response->body, HasSubstr("GET\n"));
}

TEST_F(HttpClientTest, SendsHeadersAndALargeBinaryBody) {
  ClientRequest request = to("/show");
  request.method = "POST";
  request.headers.emplace_back("X-Mine", "here");
  request.body = std::string(3U << 20U, '\0');

  const auto response = client_.send(request);

  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_THAT(response->body, HasSubstr("X-Mine=here\n"));
  EXPECT_TRUE(response->body.ends_with(request.body));
}

TEST_F(HttpClientTest, TakesAnErrorStatusAsAnAnswer) {
  const auto response = client_.send(to("/fail"));

  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 400);
  EXPECT_EQ(response->body, R"({"error":"no"})");
}

TEST_F(HttpClientTest, AsksForTheHeadersAlone) {
  ClientRequest request = to("/ok");
  request.method = "HEAD";

  const auto response = client_.send(request);

  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->headers.at("content-length"), "4");
  EXPECT_EQ(response->body, "");
}

TEST(HttpClient, SaysThatNobodyAnswers) {
  std::uint16_t free_port = 0;
  {
    const CannedServer server;
    free_port = server.port();
  }
  ClientRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(free_port) + "/";

  const auto response = HttpClient().send(request);

  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code, Code::Unavailable);
  EXPECT_THAT(response.error().message, HasSubstr("nobody answers at " + request.url));
}

TEST(HttpClient, RefusesWhatIsNoHttpAddress) {
  ClientRequest request;
  request.url = "file:///etc/hostname";

  const auto response = HttpClient().send(request);

  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code, Code::InvalidArgument);
}

}  // namespace
}  // namespace aion::net
