#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server_fixture.h"

namespace aion::net {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(HttpServerTest, AnswersAGet) {
  start();
  RawClient client(port());

  const RawResponse response = client.ask(get("/echo?a=1&b=%20"));

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "GET /echo ? a=1&b=%20\n");
  EXPECT_EQ(response.headers.at("content-type"), "application/json");
  EXPECT_EQ(response.headers.count("connection"), 0U);
}

TEST_F(HttpServerTest, AnswersManyRequestsOnOneConnection) {
  start();
  RawClient client(port());

  for (int i = 0; i < 100; ++i) {
    const std::string body = "body " + std::to_string(i);
    ASSERT_EQ(client.ask(post("/body", body)).body, body);
  }
  EXPECT_EQ(server_->connection_count(), 1U);
}

TEST_F(HttpServerTest, AnswersABurstOfPipelinedRequestsInOrder) {
  start();
  RawClient client(port());
  std::string burst;
  for (int i = 0; i < 500; ++i) {
    burst += post("/body", "number " + std::to_string(i));
  }

  ASSERT_TRUE(client.send(burst));

  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(client.read().body, "number " + std::to_string(i));
  }
}

TEST_F(HttpServerTest, KeepsTheOrderOfPipelinedRequestsThatEndOnOtherThreads) {
  start();
  RawClient client(port());
  std::string burst;
  for (int i = 0; i < 100; ++i) {
    burst += post(i % 2 == 0 ? "/away" : "/body", std::to_string(i));
  }

  ASSERT_TRUE(client.send(burst));

  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.read().body, (i % 2 == 0 ? "away " : "") + std::to_string(i));
  }
}

TEST_F(HttpServerTest, UnderstandsRequestsThatComeByteByByte) {
  start();
  RawClient client(port());
  const std::string request = post("/echo", "hello", "X-Long: some value\r\n");

  for (const char c : request + request) {
    ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  }

  EXPECT_EQ(client.read().body, "POST /echo ? \nhello");
  EXPECT_EQ(client.read().body, "POST /echo ? \nhello");
}

TEST_F(HttpServerTest, UnderstandsChunkedBodiesThatComeByteByByte) {
  start();
  RawClient client(port());
  const std::string request =
      "POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;name=value;other=\"x y\"\r\nhello\r\n"
      "00A\r\n, chunked \r\n"
      "5\r\nworld\r\n"
      "0\r\nX-Trailer: dropped\r\n\r\n";

  for (const char c : request) {
    ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  }

  EXPECT_EQ(client.read().body, "hello, chunked world");
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
}

TEST_F(HttpServerTest, ReadsTheRequestBehindAChunkedBody) {
  start();
  RawClient client(port());

  client.send(
      "POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: CHUNKED\r\n\r\n"
      "3\r\nabc\r\n0\r\n\r\n" +
      post("/body", "next"));

  EXPECT_EQ(client.read().body, "abc");
  EXPECT_EQ(client.read().body, "next");
}

TEST_F(HttpServerTest, TakesALargeChunkedBody) {
  start();
  RawClient client(port());
  const std::string chunk(100'000, 'c');
  std::string request =
      "POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 50; ++i) {
    request += "186A0\r\n" + chunk + "\r\n";
  }
  request += "0\r\n\r\n";

  const RawResponse response = client.ask(request);

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, std::string(5'000'000, 'c'));
}

TEST_F(HttpServerTest, TakesALargeBodyAndSendsItBack) {
  start();
  RawClient client(port());
  std::string body(20U << 20U, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) {
    body[i] = static_cast<char>(i * 7 % 251);
  }

  // The answer begins only behind the whole request, so neither side blocks the other.
  const RawResponse response = client.ask(post("/body", body));

  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body == body);
}

TEST_F(HttpServerTest, AlignsTheTensorsOfABinaryBody) {
  start();
  RawClient client(port());

  for (const char* json_size : {"1", "63", "64", "100", "4097"}) {
    const std::string header =
        std::string("Inference-Header-Content-Length: ") + json_size + "\r\n";
    EXPECT_EQ(client.ask(post("/align", std::string(5000, 'x'), header)).body, "0") << json_size;
    EXPECT_EQ(client.ask(post("/align", std::string(300'000, 'x'), header)).body, "0") << json_size;
  }
  EXPECT_EQ(client.ask(post("/align", "no header")).body, "0");
}

TEST_F(HttpServerTest, AlignsTheTensorsOfAChunkedBody) {
  start();
  RawClient client(port());

  const RawResponse response = client.ask(
      "POST /align HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
      "Inference-Header-Content-Length: 13\r\n\r\n1388\r\n" +
      std::string(5000, 'x') + "\r\n1388\r\n" + std::string(5000, 'y') + "\r\n0\r\n\r\n");

  EXPECT_EQ(response.body, "0");
}

TEST_F(HttpServerTest, AsksForTheBodyOfAClientThatWaits) {
  start();
  RawClient client(port());
  client.send(
      "POST /body HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: "
      "5\r\n\r\n");

  EXPECT_EQ(client.read().status, 100);
  EXPECT_EQ(client.ask("hello").body, "hello");
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  start();
  RawClient client(port());

  client.send("HEAD /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawResponse response = client.read(true);

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-length"), "14");
  EXPECT_EQ(client.ask(get("/echo")).body, "GET /echo ? \n");
}

TEST_F(HttpServerTest, ClosesBehindAnAnswerWhenAsked) {
  start();
  RawClient client(port());

  const RawResponse response = client.ask(get("/echo", "Connection: close\r\n"));

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(HttpServerTest, DeliversTheLastAnswerAlthoughMoreWasSent) {
  start();
  RawClient client(port());

  client.send(post("/body", std::string(100'000, 'x'), "Connection: close\r\n") + get("/echo"));

  EXPECT_EQ(client.read().body.size(), 100'000U);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(HttpServerTest, ClosesBehindAnAnswerToHttp10) {
  start();
  RawClient client(port());

  const RawResponse response = client.ask("GET /echo HTTP/1.0\r\n\r\n");

  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(HttpServerTest, KeepsAnHttp10ConnectionAliveWhenAsked) {
  start();
  RawClient client(port());

  const std::string request = "GET /echo HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";

  EXPECT_EQ(client.ask(request).headers.at("connection"), "keep-alive");
  EXPECT_EQ(client.ask(request).status, 200);
}

TEST_F(HttpServerTest, UnderstandsAnAbsoluteTarget) {
  start();
  RawClient client(port());

  EXPECT_EQ(client.ask("GET http://localhost:80/echo?q HTTP/1.1\r\nHost: localhost\r\n\r\n").body,
            "GET /echo ? q\n");
}

TEST_F(HttpServerTest, IgnoresEmptyLinesInFrontOfARequest) {
  start();
  RawClient client(port());

  EXPECT_EQ(client.ask("\r\n\r\n" + get("/echo")).status, 200);
}

TEST_F(HttpServerTest, GivesHeadersTrimmedAndFindsThemIgnoringCase) {
  start();
  RawClient client(port());

  EXPECT_EQ(
      client
          .ask("GET /headers HTTP/1.1\r\nhOsT:localhost\r\nX-A: \t one two \t\r\nX-Empty:\r\n\r\n")
          .body,
      "hOsT=localhost\nX-A=one two\nX-Empty=\n");
}

TEST_F(HttpServerTest, TellsTheAddressOfThePeer) {
  start();

  EXPECT_EQ(RawClient(port()).ask(get("/peer")).body, "127.0.0.1");
}

TEST_F(HttpServerTest, SendsALargeAnswerToASlowReader) {
  start();
  RawClient slow(port());
  RawClient other(port());

  slow.send(get("/big?32"));

  EXPECT_EQ(other.ask(get("/echo")).status, 200);
  EXPECT_EQ(slow.read().body.size(), 32U << 20U);
  EXPECT_EQ(slow.ask(get("/echo")).status, 200);
}

TEST_F(HttpServerTest, AnswersA500WhenTheHandlerThrows) {
  start();
  RawClient client(port());

  EXPECT_EQ(client.ask(get("/throw")).status, 500);
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
}

TEST_F(HttpServerTest, CancelsTheRequestOfAClientThatHangsUp) {
  start();
  RawClient client(port());
  client.send(get("/wait"));
  handler_.wait_until_waiting();

  client.hang_up();

  EXPECT_TRUE(handler_.was_cancelled());
}

TEST_F(HttpServerTest, CancelsTheRequestOfAClientThatResets) {
  start();
  RawClient client(port());
  client.reset_when_closed();
  client.send(get("/wait"));
  handler_.wait_until_waiting();

  client.hang_up();

  EXPECT_TRUE(handler_.was_cancelled());
}

TEST_F(HttpServerTest, AnswersWhatWasSentAheadWhileAHandlerWaited) {
  start();
  RawClient client(port());
  client.send(get("/wait"));
  handler_.wait_until_waiting();

  client.send(post("/body", "sent ahead"));
  handler_.let_go();

  EXPECT_EQ(client.read().body, "\"released\"");
  EXPECT_EQ(client.read().body, "sent ahead");
  EXPECT_FALSE(handler_.was_cancelled());
}

TEST_F(HttpServerTest, CancelsAPipelineWhoseClientHangsUpBehindMoreThanTheSocketHolds) {
  start();
  RawClient client(port());
  client.send(get("/wait"));
  handler_.wait_until_waiting();

  client.send(post("/body", std::string(200'000, 'x')));
  client.hang_up();

  EXPECT_TRUE(handler_.was_cancelled());
}

TEST_F(HttpServerTest, TakesTheEndOfAPipelineForAHangUpAndAnswersAllTheSame) {
  start();
  RawClient client(port());
  client.send(get("/wait"));
  handler_.wait_until_waiting();

  client.send(post("/body", "sent ahead"));
  client.finish_sending();

  EXPECT_TRUE(handler_.was_cancelled());
  EXPECT_EQ(client.read().body, "\"released\"");
  EXPECT_EQ(client.read().body, "sent ahead");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(HttpServerTest, HoldsUpAClientThatSendsTooFarAhead) {
  start();
  RawClient client(port());
  client.send(get("/wait"));
  handler_.wait_until_waiting();

  const bool is_held_up = client.is_held_up(
      post("/body", std::string(1000, 'x')), 64U << 20U, std::chrono::milliseconds(500));
  handler_.let_go();

  EXPECT_TRUE(is_held_up);
  EXPECT_FALSE(handler_.was_cancelled());
  EXPECT_EQ(client.read().body, "\"released\"");
  EXPECT_EQ(client.read().body, std::string(1000, 'x'));
}

TEST_F(HttpServerTest, CancelsTheRequestOfAClientWhoseHostHasVanished) {
  HttpConfig config;
  config.peer_timeout = std::chrono::seconds(2);
  start(config);
  RawClient client(port());
  client.send(get("/wait"));
  handler_.wait_until_waiting();

  if (!client.vanish()) {
    handler_.let_go();
    GTEST_SKIP() << "a socket that ends without a word needs CAP_NET_ADMIN";
  }

  EXPECT_TRUE(handler_.was_cancelled());
}

TEST_F(HttpServerTest, ServesManyConnectionsOnAllIoThreads) {
  start();
  const auto talk = [&](int who) {
    RawClient client(port());
    for (int i = 0; i < 50; ++i) {
      const std::string body = std::to_string(who) + "/" + std::to_string(i);
      const bool is_away = (who + i) % 3 == 0;
      ASSERT_EQ(client.ask(post(is_away ? "/away" : "/body", body)).body,
                (is_away ? "away " : "") + body);
    }
  };

  std::vector<std::jthread> clients;
  for (int who = 0; who < 8; ++who) {
    clients.emplace_back(talk, who);
  }
}

TEST_F(HttpServerTest, AcceptsAgainAfterTheProcessHadNoDescriptorLeft) {
  start();
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const int next_free = ::dup(0);
  ::close(next_free);
  const rlimit one_left{static_cast<rlim_t>(next_free) + 1, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &one_left), 0);
  RawClient client(port());  // takes the last one, so the server has none for its side

  client.send(get("/echo"));
  EXPECT_TRUE(has_failed_to_accept());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);

  EXPECT_EQ(client.read().status, 200);
}

TEST_F(HttpServerTest, StopWaitsForARequestUnderWay) {
  start();
  RawClient busy(port());
  RawClient idle(port());
  ASSERT_EQ(idle.ask(get("/echo")).status, 200);
  busy.send(get("/wait"));
  handler_.wait_until_waiting();

  std::thread stopping([&] { server_->stop(std::chrono::seconds(20)); });
  EXPECT_TRUE(idle.is_closed_by_server());
  handler_.let_go();
  const RawResponse response = busy.read();
  stopping.join();

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("connection"), "close");
  EXPECT_FALSE(handler_.was_cancelled());
  EXPECT_EQ(server_->connection_count(), 0U);
}

TEST_F(HttpServerTest, StopCancelsWhatIsUnderWayWhenTheLimitHasPassed) {
  start();
  RawClient busy(port());
  busy.send(get("/wait"));
  handler_.wait_until_waiting();

  server_->stop(std::chrono::milliseconds(1));

  EXPECT_TRUE(handler_.was_cancelled());
  EXPECT_TRUE(busy.is_closed_by_server());
}

TEST_F(HttpServerTest, AcceptsNobodyAfterStop) {
  start();
  const std::uint16_t old_port = port();
  server_->stop(std::chrono::seconds(1));

  HttpConfig config;
  config.port = old_port;

  EXPECT_TRUE(HttpServer::start(config, handler_, executors_, log_).has_value());
}

TEST_F(HttpServerTest, SaysWhyItCannotListen) {
  start();
  HttpConfig config;
  config.port = port();

  const auto second = HttpServer::start(config, handler_, executors_, log_);

  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::Unavailable);
  EXPECT_EQ(second.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string(port()) + ": Address already in use");
}

TEST_F(HttpServerTest, RefusesAnAddressThatIsNone) {
  HttpConfig config;
  config.address = "nowhere";

  const auto started = HttpServer::start(config, handler_, executors_, log_);

  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, Code::InvalidArgument);
}

}  // namespace
}  // namespace aion::net
