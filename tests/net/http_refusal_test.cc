#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "server_fixture.h"

namespace aion::net {
namespace {

using ::testing::HasSubstr;

struct BadRequest {
  std::string name;
  std::string bytes;
  int status;
  std::string message;  // a part of it
};

void PrintTo(const BadRequest& request, std::ostream* out) {
  *out << request.name;
}

class MalformedRequestTest : public HttpServerTest,
                             public ::testing::WithParamInterface<BadRequest> {};

TEST_P(MalformedRequestTest, IsRefusedWithTheReasonAndTheConnectionClosed) {
  start();
  RawClient client(port());

  const RawResponse response = client.ask(GetParam().bytes);

  EXPECT_EQ(response.status, GetParam().status);
  EXPECT_THAT(response.body, HasSubstr(GetParam().message));
  EXPECT_THAT(response.body, ::testing::StartsWith(R"({"error":")"));
  EXPECT_EQ(response.headers.count("connection"), 1U);
  EXPECT_TRUE(client.is_closed_by_server());
}

std::string with_header(const std::string& lines) {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + lines + "\r\n\r\n";
}

std::string chunked(const std::string& body) {
  return with_header("Transfer-Encoding: chunked") + body;
}

std::string headers_of_count(int count) {
  std::string lines = "Host: localhost\r\n";
  for (int i = 1; i < count; ++i) {
    lines += "X-" + std::to_string(i) + ": y\r\n";
  }
  return "GET /echo HTTP/1.1\r\n" + lines + "\r\n";
}

const std::vector<BadRequest> kRequestLines = {
    {"NoVersion", "GET /echo\r\nHost: localhost\r\n\r\n", 400, "request line: expected"},
    {"NoTarget", "GET HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "request line: expected"},
    {"EmptyTarget", "GET  HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "got nothing"},
    {"WrongProtocol", "GET / HTPP/1.1\r\nHost: localhost\r\n\r\n", 400, "got 'HTPP/1.1'"},
    {"LowerCaseProtocol", "GET / http/1.1\r\nHost: localhost\r\n\r\n", 400, "got 'http/1.1'"},
    {"Version2", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505, "got HTTP/2.0"},
    {"Version12", "GET / HTTP/1.2\r\nHost: localhost\r\n\r\n", 505, "got HTTP/1.2"},
    {"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "got HTTP/2.0"},
    {"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "request target"},
    {"ControlInTarget", "GET /a\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "\\\\x01"},
    {"FragmentInTarget", "GET /a#b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "without '#'"},
    {"RelativeTarget", "GET echo HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "begins with '/'"},
    {"AuthorityTarget",
     "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
     400,
     "begins with '/'"},
    {"SlashInMethod", "GE/T / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "request method"},
    {"SpaceInFront", " GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "request line"},
    {"BareLf", "GET / HTTP/1.1\nHost: localhost\n\n", 400, "bare LF"},
    {"BareCr", "GET / HTTP/1.1\rHost: localhost\r\n\r\n", 400, "request line"},
    {"TlsHandshake", std::string("\x16\x03\x01\x02\x00\x01", 6), 400, "TLS handshake"},
};

const std::vector<BadRequest> kHeaders = {
    {"NoHost",
     "GET / HTTP/1.1\r\n\r\n",
     400,
     "header 'Host': expected it in every HTTP/1.1 request, got none"},
    {"TwoHosts", with_header("Host: localhost"), 400, "header 'Host': expected it once"},
    {"SpaceBeforeColon", with_header("X-A : b"), 400, "header line: expected"},
    {"NoColon", with_header("X-A"), 400, "header line: expected"},
    {"EmptyName", with_header(": b"), 400, "header line: expected"},
    {"FoldedLine", with_header("X-A: b\r\n c"), 400, "folded line"},
    {"BareCrInValue",
     with_header("X-A: b\rc"),
     400,
     "header 'X-A': expected no control characters"},
    {"BareLfInValue",
     with_header("X-A: b\nX-B: c"),
     400,
     "header 'X-A': expected no control characters"},
    {"ZeroInValue", with_header(std::string("X-A: b\0c", 8)), 400, "got 'b\\\\x00c'"},
    {"DeleteInLongValue", with_header("X-A: 12345678901234\x7F"), 400, "no control characters"},
    {"BracketInName", with_header("X(A: b"), 400, "header line: expected"},
    {"TooManyHeaders", headers_of_count(101), 431, "at most 100"},
    {"BothLengths",
     with_header("Content-Length: 3\r\nTransfer-Encoding: chunked"),
     400,
     "headers 'Transfer-Encoding' and 'Content-Length': expected one of them, got both"},
    {"DifferingLengths", with_header("Content-Length: 3\r\nContent-Length: 4"), 400, "got 3 and 4"},
    {"ListOfLengths", with_header("Content-Length: 3, 3"), 400, "expected a number, got '3, 3'"},
    {"NegativeLength", with_header("Content-Length: -1"), 400, "expected a number, got '-1'"},
    {"SignedLength", with_header("Content-Length: +1"), 400, "expected a number"},
    {"HexLength", with_header("Content-Length: 0x10"), 400, "expected a number"},
    {"EmptyLength", with_header("Content-Length:"), 400, "expected a number"},
    {"HugeLength", with_header("Content-Length: 99999999999999999999"), 400, "expected a number"},
    {"UnknownCoding",
     with_header("Transfer-Encoding: gzip"),
     501,
     "expected 'chunked' once, got 'gzip'"},
    {"TwoCodings", with_header("Transfer-Encoding: gzip, chunked"), 501, "expected 'chunked' once"},
    {"ChunkedTwice",
     with_header("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
     501,
     "expected 'chunked' once"},
    {"ChunkedInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "HTTP/1.0"},
    {"UnknownExpectation",
     with_header("Expect: 200-ok"),
     417,
     "expected '100-continue', got '200-ok'"},
};

const std::vector<BadRequest> kChunks = {
    {"NoSize", chunked("\r\nabc"), 400, "chunk size in hexadecimal, got ''"},
    {"NoHex", chunked("g\r\n"), 400, "got 'g'"},
    {"SignedSize", chunked("+3\r\nabc"), 400, "got '+3'"},
    {"PrefixedSize", chunked("0x3\r\nabc"), 400, "got '0x3'"},
    {"SpaceBehindSize", chunked("3 \r\nabc"), 400, "got '3 '"},
    {"HugeSize", chunked("10000000000000000\r\n"), 400, "chunk size"},
    {"LargestSize", chunked("FFFFFFFFFFFFFFFF\r\n"), 413, "exceeds the limit"},
    {"BareLfBehindSize", chunked("3\nabc"), 400, "CR LF"},
    {"ControlInExtension", chunked("3;a=\x01\r\nabc"), 400, "chunk size"},
    {"DataTooLong", chunked("3\r\nabcd\r\n"), 400, "CR LF behind the data of a chunk"},
    {"BadTrailer", chunked("0\r\nX-A : b\r\n\r\n"), 400, "header line: expected"},
    {"LongLine", chunked("3;" + std::string(5000, 'e') + "\r\nabc"), 431, "lines of at most 4096"},
};

std::string name_of(const ::testing::TestParamInfo<BadRequest>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(RequestLine,
                         MalformedRequestTest,
                         ::testing::ValuesIn(kRequestLines),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Header, MalformedRequestTest, ::testing::ValuesIn(kHeaders), name_of);
INSTANTIATE_TEST_SUITE_P(Chunk, MalformedRequestTest, ::testing::ValuesIn(kChunks), name_of);

TEST_F(HttpServerTest, TakesAHundredHeadersAndEqualRepeatedLengths) {
  start();
  RawClient client(port());

  EXPECT_EQ(client.ask(headers_of_count(100)).status, 200);
  EXPECT_EQ(client.ask(with_header("Content-Length: 3\r\nContent-Length: 3") + "abc").status, 200);
}

TEST_F(HttpServerTest, RefusesALargeBodyBeforeItCame) {
  HttpConfig config;
  config.max_body_bytes = 1000;
  start(config);
  RawClient client(port());

  const RawResponse response = client.ask(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: "
      "1001\r\n\r\n");

  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body,
            R"({"error":"request body of 1001 bytes exceeds the limit of 1000 bytes"})");
}

TEST_F(HttpServerTest, TakesABodyOfExactlyTheLimit) {
  HttpConfig config;
  config.max_body_bytes = 1000;
  start(config);

  EXPECT_EQ(RawClient(port()).ask(post("/body", std::string(1000, 'x'))).body.size(), 1000U);
}

TEST_F(HttpServerTest, LetsAClientReadTheRefusalAlthoughItGoesOnSending) {
  HttpConfig config;
  config.max_body_bytes = 1000;
  start(config);
  RawClient client(port());

  // The whole body is sent before the first byte of the answer is read.
  EXPECT_EQ(client.ask(post("/echo", std::string(8U << 20U, 'x'))).status, 413);
}

TEST_F(HttpServerTest, RefusesAChunkedBodyThatGrowsBeyondTheLimit) {
  HttpConfig config;
  config.max_body_bytes = 1000;
  start(config);
  RawClient client(port());

  const RawResponse response = client.ask(chunked(
      "200\r\n" + std::string(0x200, 'x') + "\r\n200\r\n" + std::string(0x200, 'x') + "\r\n"));

  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body,
            R"({"error":"request body of 1024 bytes exceeds the limit of 1000 bytes"})");
}

TEST_F(HttpServerTest, RefusesALargeHead) {
  HttpConfig config;
  config.max_header_bytes = 1000;
  start(config);

  const std::string endless =
      "GET /echo HTTP/1.1\r\nHost: localhost\r\nX-A: " + std::string(1000, 'a');

  EXPECT_EQ(RawClient(port()).ask(endless).status, 431);
  EXPECT_EQ(RawClient(port()).ask(endless + "\r\n\r\n").status, 431);
  EXPECT_EQ(RawClient(port()).ask(get("/echo", "X-A: " + std::string(900, 'a') + "\r\n")).status,
            200);
}

TEST_F(HttpServerTest, RefusesConnectionsBeyondTheLimit) {
  HttpConfig config;
  config.max_connections = 1;
  start(config);
  RawClient first(port());
  ASSERT_EQ(first.ask(get("/echo")).status, 200);

  RawClient second(port());
  const RawResponse response = second.read();

  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("limit of 1 connections"));
  EXPECT_TRUE(second.is_closed_by_server());
  EXPECT_EQ(first.ask(get("/echo")).status, 200);
}

TEST_F(HttpServerTest, EndsAConnectionThatIsIdleForTooLong) {
  HttpConfig config;
  config.idle_timeout = std::chrono::milliseconds(30);
  start(config);
  RawClient client(port());
  ASSERT_EQ(client.ask(get("/echo")).status, 200);

  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(HttpServerTest, EndsARequestWhoseHeadDoesNotCome) {
  HttpConfig config;
  config.header_timeout = std::chrono::milliseconds(30);
  start(config);
  RawClient client(port());

  const RawResponse response = client.ask("GET /echo HTTP/1.1\r\nHost: loc");

  EXPECT_EQ(response.status, 408);
  EXPECT_EQ(response.body,
            R"({"error":"request head: expected more of it within 30 ms, got nothing"})");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(HttpServerTest, EndsARequestWhoseBodyDoesNotCome) {
  HttpConfig config;
  config.body_timeout = std::chrono::milliseconds(30);
  start(config);

  const std::string known =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc";

  EXPECT_EQ(RawClient(port()).ask(known).status, 408);
  EXPECT_EQ(RawClient(port()).ask(chunked("5\r\nab")).status, 408);
}

/// The answer to `bytes` with nothing behind them.
std::string body_of_answer_to_all(std::uint16_t port, const std::string& bytes) {
  RawClient client(port);
  client.send(bytes);
  client.finish_sending();
  return client.read().body;
}

TEST_F(HttpServerTest, SaysWhatIsMissingOfARequestThatStopsHalfWay) {
  start();

  EXPECT_EQ(
      body_of_answer_to_all(port(), "GET /echo HTTP/1.1\r\nHost: loc"),
      R"({"error":"request head: expected an empty line behind it, got the end of the stream"})");
  EXPECT_EQ(body_of_answer_to_all(port(), with_header("Content-Length: 1000") + "abc"),
            R"({"error":"request body: expected 1000 bytes, got 3"})");
  EXPECT_EQ(
      body_of_answer_to_all(port(), chunked("5\r\nab")),
      R"({"error":"request body: expected a chunk of size 0 behind it, got the end of the stream"})");
  EXPECT_EQ(body_of_answer_to_all(port(), ""), "");
}

TEST_F(HttpServerTest, AnswersAClientThatSendsNoMore) {
  start();

  EXPECT_EQ(body_of_answer_to_all(port(), post("/body", "the last")), "the last");
}

TEST_F(HttpServerTest, EndsAConnectionWhosePeerDoesNotRead) {
  HttpConfig config;
  config.body_timeout = std::chrono::milliseconds(30);
  start(config);
  RawClient client(port());
  RawClient other(port());
  client.send(get("/big?64"));
  ASSERT_EQ(other.ask(get("/echo")).status, 200);

  server_->stop(
      std::chrono::seconds(20));  // ends before its limit only if the stuck one was cut off

  EXPECT_LT(client.read_to_end().size(), 64U << 20U);
}

}  // namespace
}  // namespace aion::net
