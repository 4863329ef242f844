#include <string>

#include <gmock/gmock.h>

#include "net/http/host_check.h"
#include "server_fixture.h"

namespace aion::net {
namespace {

int status_of(const HostCheck& check, std::string_view host, std::string_view origin = "") {
  const auto refusal = check.check(host, origin);
  return refusal ? refusal->status : 200;
}

TEST(HostCheck, AllowsLoopbackNamesWithAnyPort) {
  const HostCheck check("127.0.0.1", {}, false);

  for (const char* host : {"localhost",
                           "LocalHost:8000",
                           "localhost.",
                           "app.localhost:1",
                           "127.0.0.1",
                           "127.0.0.1:8000",
                           "127.1.2.3",
                           "[::1]",
                           "[::1]:8000"}) {
    EXPECT_EQ(status_of(check, host), 200) << host;
  }
}

TEST(HostCheck, RefusesNamesThatAreNotListed) {
  const HostCheck check("127.0.0.1", {}, false);

  for (const char* host : {"evil.example",
                           "localhost.evil.example",
                           "evil.example:8000",
                           "10.0.0.1",
                           "",
                           ":8000",
                           "localhost:",
                           "localhost:x",
                           "localhost:80:80",
                           "[::1",
                           "[::1]x",
                           "[::2]",
                           "localhost@evil.example",
                           "127.0.0.1.evil"}) {
    EXPECT_EQ(status_of(check, host), 403) << host;
  }
}

TEST(HostCheck, AllowsTheListeningAddress) {
  const HostCheck check("10.1.2.3", {}, false);

  EXPECT_EQ(status_of(check, "10.1.2.3:8000"), 200);
  EXPECT_EQ(status_of(check, "10.1.2.4:8000"), 403);
}

TEST(HostCheck, AllowsAnyAddressButNoNameWhenItListensOnAll) {
  const HostCheck check("0.0.0.0", {}, false);

  EXPECT_EQ(status_of(check, "10.1.2.4:8000"), 200);
  EXPECT_EQ(status_of(check, "[fe80::1]"), 200);
  EXPECT_EQ(status_of(check, "evil.example"), 403);
}

TEST(HostCheck, AllowsListedNames) {
  const HostCheck check("0.0.0.0", {"Models.Example"}, false);

  EXPECT_EQ(status_of(check, "models.example:443"), 200);
  EXPECT_EQ(status_of(check, "sub.models.example"), 403);
}

TEST(HostCheck, ChecksTheHostOfTheOrigin) {
  const HostCheck check("127.0.0.1", {}, false);

  EXPECT_EQ(status_of(check, "localhost", "http://localhost:3000"), 200);
  EXPECT_EQ(status_of(check, "localhost", "https://[::1]"), 200);
  EXPECT_EQ(status_of(check, "localhost", "http://evil.example"), 403);
  EXPECT_EQ(status_of(check, "localhost", "null"), 403);
  EXPECT_EQ(status_of(check, "localhost", "localhost"), 403);
}

TEST(HostCheck, AllowsEverythingWhenTold) {
  const HostCheck check("0.0.0.0", {}, true);

  EXPECT_EQ(status_of(check, "evil.example", "http://evil.example"), 200);
}

TEST_F(HttpServerTest, RefusesAForeignHostWithAReason) {
  start();
  RawClient client(port());

  const RawResponse response = client.ask("GET /echo HTTP/1.1\r\nHost: evil.example:80\r\n\r\n");

  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body,
              ::testing::StartsWith(R"({"error":"host 'evil.example:80' is not allowed)"));
}

TEST_F(HttpServerTest, RefusesAForeignHostBehindAnAllowedOne) {
  start();
  RawClient client(port());

  EXPECT_EQ(client.ask(get("/echo")).status, 200);
  EXPECT_EQ(client.ask("GET /echo HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 403);
}

TEST_F(HttpServerTest, ChecksTheHostOfAnAbsoluteTarget) {
  start();
  RawClient client(port());

  EXPECT_EQ(client.ask("GET http://evil.example/echo HTTP/1.1\r\nHost: localhost\r\n\r\n").status,
            403);
}

TEST_F(HttpServerTest, RefusesThePageOfAnotherSite) {
  start();
  RawClient client(port());

  EXPECT_EQ(client.ask(get("/echo", "Origin: http://localhost:8000\r\n")).status, 200);
  const RawResponse response = client.ask(get("/echo", "Origin: http://evil.example\r\n"));

  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body,
              ::testing::StartsWith(R"({"error":"origin 'http://evil.example' is not allowed)"));
}

TEST_F(HttpServerTest, RefusesAnEmptyOrigin) {
  start();
  RawClient client(port());

  EXPECT_EQ(client.ask(get("/echo", "Origin:\r\n")).status, 403);
}

}  // namespace
}  // namespace aion::net
