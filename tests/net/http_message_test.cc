#include <string>

#include <gtest/gtest.h>

#include "net/http/response_writer.h"
#include "net/http/server.h"
#include "server_fixture.h"

namespace aion::net {
namespace {

TEST(PercentDecoded, UndoesEscapesAndLeavesTheRest) {
  EXPECT_EQ(percent_decoded("a%2Fb%2fc"), "a/b/c");
  EXPECT_EQ(percent_decoded("100%"), "100%");
  EXPECT_EQ(percent_decoded("%zz%4"), "%zz%4");
  EXPECT_EQ(percent_decoded("%00x"), std::string("\0x", 2));
}

TEST(HttpResponse, EscapesWhatAnErrorQuotes) {
  EXPECT_EQ(HttpResponse::error(400, "say \"hi\"\\\n\t\x01").text,
            R"({"error":"say \"hi\"\\\n\u0009\u0001"})");
}

TEST(HttpResponse, KeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(HttpResponse::error(400, "\u00E9 \U0001F600").text,
            "{\"error\":\"\u00E9 \U0001F600\"}");
  EXPECT_EQ(HttpResponse::error(400, "\xFF\xC3").text, "{\"error\":\"\uFFFD\uFFFD\"}");
  EXPECT_EQ(HttpResponse::error(400, "\xC0\x80").text, "{\"error\":\"\uFFFD\uFFFD\"}");
  EXPECT_EQ(HttpResponse::error(400, "\xED\xA0\x80").text, "{\"error\":\"\uFFFD\uFFFD\uFFFD\"}");
}

TEST(ReasonPhrase, NamesKnownStatuses) {
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(599), "Unknown");
}

class AnswersWith final : public HttpHandler {
 public:
  explicit AnswersWith(HttpResponse response) : response_(std::move(response)) {}
  boost::asio::awaitable<HttpResponse> handle(HttpRequest& /*request*/) override {
    co_return response_;
  }

 private:
  HttpResponse response_;
};

class RouterTest : public HttpServerTest {
 protected:
  /// What the router answers to a GET of `path`.
  RawResponse ask(HttpRouter& router, const std::string& path) {
    auto started = HttpServer::start({}, router, executors_, log_);
    return RawClient((*started)->port()).ask(get(path));
  }

  AnswersWith short_{HttpResponse::json(200, "short")};
  AnswersWith long_{HttpResponse::json(200, "long")};
};

TEST_F(RouterTest, PrefersTheLongestPrefixWhateverTheOrder) {
  HttpRouter router;
  router.mount("/v2", short_);
  router.mount("/v2/models", long_);

  EXPECT_EQ(ask(router, "/v2").body, "short");
  EXPECT_EQ(ask(router, "/v2/model").body, "short");
  EXPECT_EQ(ask(router, "/v2/models/m").body, "long");
}

TEST_F(RouterTest, AnswersNotFoundForWhatNobodyTakes) {
  HttpRouter router;
  router.mount("/v2", short_);

  const RawResponse response = ask(router, "/v2x");

  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, R"({"error":"Not Found"})");
}

TEST_F(RouterTest, GivesEverythingToTheRoot) {
  HttpRouter router;
  router.mount("/", short_);

  EXPECT_EQ(ask(router, "/any/thing").body, "short");
}

TEST_F(HttpServerTest, SendsTheTextThenThePartsOfAnAnswer) {
  HttpResponse answer = HttpResponse::json(200, "text ");
  answer.parts.push_back(SharedBytes::from(std::string(3000, 'a')));
  answer.parts.push_back(SharedBytes::from(""));
  answer.parts.push_back(SharedBytes::from(std::string(3000, 'b')));
  AnswersWith handler(answer);
  auto started = HttpServer::start({}, handler, executors_, log_);

  const RawResponse response = RawClient((*started)->port()).ask(get("/"));

  EXPECT_EQ(response.body, "text " + std::string(3000, 'a') + std::string(3000, 'b'));
}

TEST_F(HttpServerTest, SendsAnAnswerOfHundredsOfParts) {
  HttpResponse answer;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string part = std::to_string(i) + std::string(20, '.');
    expected += part;
    answer.parts.push_back(SharedBytes::from(part));
  }
  AnswersWith handler(answer);
  auto started = HttpServer::start({}, handler, executors_, log_);

  EXPECT_EQ(RawClient((*started)->port()).ask(get("/")).body, expected);
}

TEST_F(HttpServerTest, DoesNotLetAHeaderValueAddHeaders) {
  HttpResponse answer = HttpResponse::json(200, "{}");
  answer.headers.emplace_back("X-Name", "a\r\nSet-Cookie: b");
  AnswersWith handler(answer);
  auto started = HttpServer::start({}, handler, executors_, log_);

  const RawResponse response = RawClient((*started)->port()).ask(get("/"));

  EXPECT_EQ(response.headers.count("set-cookie"), 0U);
  EXPECT_EQ(response.headers.at("x-name"), "a  Set-Cookie: b");
}

TEST_F(HttpServerTest, SendsNoBodyWith204) {
  HttpResponse answer;
  answer.status = 204;
  AnswersWith handler(answer);
  auto started = HttpServer::start({}, handler, executors_, log_);
  RawClient client((*started)->port());

  const RawResponse response = client.ask(get("/"));

  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.count("content-length"), 0U);
  EXPECT_EQ(client.ask(get("/")).status, 204);
}

}  // namespace
}  // namespace aion::net
