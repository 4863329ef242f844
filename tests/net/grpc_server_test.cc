// The gRPC server answers a bare HTTP/2 client, takes what such a client may do wrong, and stops in
// good order.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/grpc/reflection.pb.h>

#include "base/executor.h"
#include "http2_client.h"
#include "net/grpc/server.h"
#include "net/grpc/unary.h"
#include "raw_client.h"

namespace aion::net {
namespace {

using reflection::ServerReflectionRequest;
using reflection::ServerReflectionResponse;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Sends every message back, then ends well.
class EchoCall final : public GrpcReceiver {
 public:
  explicit EchoCall(std::shared_ptr<GrpcCall> call) : call_(std::move(call)) { call_->read(); }
  void on_message(std::string_view message) override { call_->write(std::string(message)); }
  void on_written() override { call_->read(); }
  void on_half_close() override { call_->finish({}); }
  void on_cancel() override {}

 private:
  std::shared_ptr<GrpcCall> call_;
};

/// What the calls of "Hold" tell the test.
struct Held {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<GrpcCall>> calls;
  std::vector<std::string> messages;
  int half_closes = 0;
  int written = 0;
  int cancels = 0;

  bool wait(const std::function<bool()>& is_so) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), is_so);
  }
  /// One of the values, as it is now.
  template <class T>
  T get(const T& value) {
    const std::scoped_lock lock(mutex);
    return value;
  }
  void change(const std::function<void()>& how) {
    const std::scoped_lock lock(mutex);
    how();
    changed.notify_all();
  }
};

/// Does nothing but tell; the test reads, writes and finishes.
class HeldCall final : public GrpcReceiver {
 public:
  HeldCall(std::shared_ptr<GrpcCall> call, Held& held) : held_(held) {
    held_.change([&] { held_.calls.push_back(std::move(call)); });
  }
  void on_message(std::string_view message) override {
    held_.change([&] { held_.messages.emplace_back(message); });
  }
  void on_written() override {
    held_.change([&] { ++held_.written; });
  }
  void on_half_close() override {
    held_.change([&] { ++held_.half_closes; });
  }
  void on_cancel() override {
    held_.change([&] { ++held_.cancels; });
  }

 private:
  Held& held_;
};

class GrpcServerTest : public ::testing::Test {
 protected:
  ~GrpcServerTest() override { server_.reset(); }

  void start(GrpcConfig config = {}) {
    auto started = GrpcServer::start(std::move(config), {service()}, executors_, quiet_);
    ASSERT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
  }

  GrpcService service() {
    GrpcService service;
    service.name = "test.Service";
    service.methods.emplace_back("Echo", [](std::shared_ptr<GrpcCall> call) {
      return std::make_shared<EchoCall>(std::move(call));
    });
    service.methods.emplace_back("Hold", [this](std::shared_ptr<GrpcCall> call) {
      return std::make_shared<HeldCall>(std::move(call), held_);
    });
    // Reflection's messages are at hand: any will do for a unary method.
    service.methods.emplace_back(
        "Host", unary<ServerReflectionRequest, ServerReflectionResponse>([](const auto& call) {
          call->response().set_valid_host(call->request().host());
          call->finish({});
        }));
    return service;
  }

  std::shared_ptr<GrpcCall> held_call() {
    EXPECT_TRUE(held_.wait([this] { return !held_.calls.empty(); }));
    return held_.calls.empty() ? nullptr : held_.calls.back();
  }

  /// False when it does not come to that within 20 s.
  [[nodiscard]] bool wait_for_connections(std::size_t count) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (server_->connection_count() != count && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    return server_->connection_count() == count;
  }

  Log quiet_{LogLevel::Off};
  Executors executors_{{2, 1, 1}};
  Held held_;
  std::unique_ptr<GrpcServer> server_;
};

const std::string kEcho = "/test.Service/Echo";
const std::string kHold = "/test.Service/Hold";
const std::string kHost = "/test.Service/Host";

std::string status_of(const Http2Client::Stream& stream) {
  const auto found = stream.headers.find("grpc-status");
  return found == stream.headers.end() ? "none" : found->second;
}

std::string message_of(const Http2Client::Stream& stream) {
  const auto found = stream.headers.find("grpc-message");
  return found == stream.headers.end() ? "" : found->second;
}

std::string request_for_host(const std::string& host) {
  ServerReflectionRequest request;
  request.set_host(host);
  return framed(request.SerializeAsString());
}

TEST_F(GrpcServerTest, AnswersAUnaryCall) {
  start();
  Http2Client client(server_->port());

  const auto& answer = client.finished(client.call(kHost, request_for_host("me")));

  ServerReflectionResponse expected;
  expected.set_valid_host("me");
  EXPECT_EQ(answer.headers.at(":status"), "200");
  EXPECT_EQ(answer.headers.at("content-type"), "application/grpc");
  EXPECT_EQ(answer.data, framed(expected.SerializeAsString()));
  EXPECT_EQ(status_of(answer), "0");
}

TEST_F(GrpcServerTest, AnswersManyCallsOfOneConnection) {
  start();
  Http2Client client(server_->port());
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 200; ++i) {
    ids.push_back(client.call(kEcho, framed("call " + std::to_string(i))));
  }
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(client.finished(ids[static_cast<std::size_t>(i)]).data,
              framed("call " + std::to_string(i)));
  }
}

TEST_F(GrpcServerTest, CarriesMessagesLargerThanEveryWindow) {
  start();
  Http2Client client(server_->port());
  std::string large(40U << 20U, '\0');
  for (std::size_t i = 0; i < large.size(); i += 4096) {
    large[i] = static_cast<char>(i >> 12U);
  }

  const auto& answer = client.finished(client.call(kEcho, framed(large)));

  EXPECT_EQ(status_of(answer), "0");
  EXPECT_TRUE(answer.data == framed(large));
}

TEST_F(GrpcServerTest, TakesAMessageByteByByte) {
  start();
  Http2Client client(server_->port());
  const std::string message = framed("slowly");

  const std::int32_t id = client.call(kEcho, message.substr(0, 1), false);
  for (std::size_t i = 1; i < message.size(); ++i) {
    client.send(id, message.substr(i, 1), i + 1 == message.size());
  }

  EXPECT_EQ(client.finished(id).data, message);
}

TEST_F(GrpcServerTest, TellsAnUnknownMethod) {
  start();
  Http2Client client(server_->port());

  const auto& answer = client.finished(client.call("/test.Service/No%20such", framed("x")));

  EXPECT_EQ(status_of(answer), "12");
  EXPECT_EQ(message_of(answer), "unknown method /test.Service/No%2520such");
  EXPECT_TRUE(answer.data.empty());
}

TEST_F(GrpcServerTest, RefusesWhatIsNoGrpc) {
  start();
  Http2Client client(server_->port());
  Http2Client::Headers headers = {{":method", "POST"},
                                  {":scheme", "http"},
                                  {":path", kEcho},
                                  {":authority", "localhost"},
                                  {"content-type", "application/json"}};

  EXPECT_EQ(client.finished(client.request(headers, "{}", true)).headers.at(":status"), "415");
  headers.back().second = "application/grpc";
  headers.front().second = "PUT";
  EXPECT_EQ(client.finished(client.request(headers, framed("x"), true)).headers.at(":status"),
            "405");
}

TEST_F(GrpcServerTest, RefusesABadTimeLimit) {
  start();
  Http2Client client(server_->port());

  const auto& answer =
      client.finished(client.call(kEcho, framed("x"), true, {{"grpc-timeout", "soon"}}));

  EXPECT_EQ(status_of(answer), "3");
  EXPECT_EQ(message_of(answer),
            "'grpc-timeout' is 'soon', expected up to 8 digits and one of H M S m u n");
}

TEST_F(GrpcServerTest, RefusesACompressionThatItDoesNotKnow) {
  start();
  Http2Client client(server_->port());

  const auto& answer =
      client.finished(client.call(kEcho, framed("x", 1), true, {{"grpc-encoding", "snappy"}}));

  EXPECT_EQ(status_of(answer), "12");
  EXPECT_THAT(message_of(answer), HasSubstr("'snappy', expected identity, deflate or gzip"));
  EXPECT_EQ(answer.headers.at("grpc-accept-encoding"), "identity, deflate, gzip");
}

TEST_F(GrpcServerTest, RefusesTooMuchMetadata) {
  GrpcConfig config;
  config.max_metadata_bytes = 1000;
  start(config);
  Http2Client client(server_->port());

  const auto& answer =
      client.finished(client.call(kEcho, framed("x"), true, {{"much", std::string(2000, 'm')}}));

  EXPECT_EQ(status_of(answer), "8");
  EXPECT_THAT(message_of(answer), StartsWith("metadata: expected at most 1000 bytes, got 2"));
}

TEST_F(GrpcServerTest, ResetsACallWhoseHeadersUnpackWithoutEnd) {
  start();
  Http2Client client(server_->port());
  Http2Client::Headers bomb;  // a byte each, behind the first
  for (int i = 0; i < 10'000; ++i) {
    bomb.emplace_back("bomb", std::string(3000, 'b'));
  }

  const auto& ended = client.finished(client.call(kEcho, framed("x"), true, bomb));

  EXPECT_EQ(ended.error, static_cast<std::uint32_t>(NGHTTP2_INTERNAL_ERROR));
  EXPECT_TRUE(ended.headers.empty());
  EXPECT_EQ(client.finished(client.call(kEcho, framed("y"))).data, framed("y"));
}

TEST_F(GrpcServerTest, EndsACallWhoseDeadlineHasPassed) {
  GrpcConfig config;
  config.handshake_timeout = std::chrono::milliseconds(500);  // looks ten times as often
  start(config);
  Http2Client client(server_->port());

  const auto& answer =
      client.finished(client.call(kHold, framed("x"), true, {{"grpc-timeout", "50m"}}));

  EXPECT_EQ(status_of(answer), "4");
  EXPECT_TRUE(held_.wait([this] { return held_.cancels == 1; }));
}

TEST_F(GrpcServerTest, EndsACallWhoseAnswerNobodyTakes) {
  GrpcConfig config;
  config.progress_timeout = std::chrono::milliseconds(100);
  start(config);
  Http2Client client(server_->port(), false);
  const std::int32_t id = client.call(kHold, framed("x"), true);
  const auto call = held_call();
  ASSERT_TRUE(call);
  call->finish({}, std::string(1U << 20U, 'l'));  // the client's window is 64 KiB

  EXPECT_EQ(client.finished(id).error, static_cast<std::uint32_t>(NGHTTP2_CANCEL));
  EXPECT_TRUE(held_.wait([this] { return held_.cancels == 1; }));
}

TEST_F(GrpcServerTest, TakesMoreForRefusedCallsThanTheConnectionsWindow) {
  GrpcConfig config;
  config.max_message_bytes = 100;
  start(config);
  Http2Client client(server_->port());
  for (int i = 0; i < 24; ++i) {  // 72 MiB in all
    const auto& answer = client.finished(client.call(kEcho, framed(std::string(3U << 20U, 'm'))));
    ASSERT_EQ(status_of(answer), "8");
  }
  EXPECT_EQ(client.finished(client.call(kEcho, framed("y"))).data, framed("y"));
}

TEST_F(GrpcServerTest, RefusesAMessageThatIsTooLarge) {
  GrpcConfig config;
  config.max_message_bytes = 100;
  start(config);
  Http2Client client(server_->port());

  const auto& answer = client.finished(client.call(kEcho, framed(std::string(101, 'm'))));

  EXPECT_EQ(status_of(answer), "8");
  EXPECT_EQ(message_of(answer), "Received message larger than max (101 vs. 100)");
  EXPECT_EQ(client.finished(client.call(kEcho, framed(std::string(100, 'm')))).data.size(), 105U);
}

TEST_F(GrpcServerTest, RefusesAStreamThatEndsInsideAMessage) {
  start();
  Http2Client client(server_->port());

  const auto& answer = client.finished(client.call(kEcho, framed("whole").substr(0, 8)));

  EXPECT_EQ(status_of(answer), "13");
  EXPECT_EQ(message_of(answer), "the stream ended inside a message");
}

TEST_F(GrpcServerTest, RefusesAUnaryCallWithoutOneRequest) {
  start();
  Http2Client client(server_->port());

  const auto& none = client.finished(client.call(kHost, ""));
  const auto& two =
      client.finished(client.call(kHost, request_for_host("a") + request_for_host("b")));
  const auto& wrong = client.finished(client.call(kHost, framed("\x0A\x7F no such field")));

  EXPECT_EQ(status_of(none) + message_of(none), "3expected one request message, got none");
  EXPECT_EQ(status_of(two) + message_of(two), "3expected one request message, got more");
  EXPECT_EQ(status_of(wrong), "3");
  EXPECT_THAT(message_of(wrong), HasSubstr("expected a message of type"));
}

TEST_F(GrpcServerTest, GivesMetadataDeadlineAndPeer) {
  start();
  Http2Client client(server_->port());
  const auto before = std::chrono::steady_clock::now();
  client.call(kHold, "", false, {{"grpc-timeout", "90S"}, {"authorization", "Bearer x"}});
  const auto call = held_call();
  ASSERT_TRUE(call);

  EXPECT_EQ(call->metadata("authorization"), "Bearer x");
  EXPECT_EQ(call->metadata("missing"), "");
  EXPECT_EQ(call->peer_address(), "127.0.0.1");
  EXPECT_GE(call->deadline(), before + std::chrono::seconds(90));
  EXPECT_LE(call->deadline(), std::chrono::steady_clock::now() + std::chrono::seconds(90));
}

TEST_F(GrpcServerTest, KeepsTheOrderOfWhatOtherThreadsWrite) {
  start();
  Http2Client client(server_->port());
  const std::int32_t id = client.call(kHold, "", true);
  const auto call = held_call();
  ASSERT_TRUE(call);
  std::string expected;
  std::thread writer([&] {
    for (int i = 0; i < 1000; ++i) {
      call->write(std::to_string(i));
      expected += framed(std::to_string(i));
    }
    call->finish({GrpcCode::Aborted, "100 % of \xC3\xA4"}, "last");
  });
  writer.join();

  const auto& answer = client.finished(id);

  EXPECT_TRUE(answer.data == expected + framed("last"));
  EXPECT_EQ(status_of(answer), "10");
  EXPECT_EQ(message_of(answer), "100 %25 of %C3%A4");
}

TEST_F(GrpcServerTest, GivesAMessageOnlyWhenItIsAskedFor) {
  start();
  Http2Client client(server_->port());
  const std::int32_t id = client.call(kHold, framed("one") + framed("two"), true);
  const auto call = held_call();
  ASSERT_TRUE(call);
  client.ping();
  ASSERT_TRUE(client.talk_until([&] { return client.pings() == 1; }));  // the data has come
  EXPECT_TRUE(held_.get(held_.messages).empty());

  call->read();
  EXPECT_TRUE(held_.wait([this] { return held_.messages.size() == 1; }));
  call->read();
  EXPECT_TRUE(held_.wait([this] { return held_.messages.size() == 2; }));
  EXPECT_EQ(held_.get(held_.half_closes), 0);
  call->read();
  EXPECT_TRUE(held_.wait([this] { return held_.half_closes == 1; }));
  call->finish({});

  EXPECT_EQ(status_of(client.finished(id)), "0");
  EXPECT_THAT(held_.get(held_.messages), ::testing::ElementsAre("one", "two"));
  EXPECT_EQ(held_.get(held_.cancels), 0);
}

TEST_F(GrpcServerTest, HoldsUpAClientWhoseMessagesNobodyReads) {
  start();
  Http2Client client(server_->port());
  const std::size_t size = 8U << 20U;
  const std::size_t window = 4U << 20U;
  const std::int32_t held = client.call(kHold, framed(std::string(size, 'h')), true);
  const auto call = held_call();
  ASSERT_TRUE(call);
  ASSERT_TRUE(client.talk_until([&] { return client.stream(held).sent == window; }));

  // The other call of the connection goes on.
  EXPECT_EQ(client.finished(client.call(kEcho, framed("other"))).data, framed("other"));

  // The answer came behind all that was sent before it, so nothing of it is in the socket any more.
  EXPECT_EQ(client.stream(held).sent, window);
  call->read();
  EXPECT_TRUE(client.talk_until([&] { return client.stream(held).sent == size + 5; }));
  ASSERT_TRUE(held_.wait([this] { return !held_.messages.empty(); }));
  EXPECT_EQ(held_.get(held_.messages).front().size(), size);
}

TEST_F(GrpcServerTest, TellsTheWriterWhenTheClientTakesNoMore) {
  start();
  Http2Client client(server_->port(), false);
  client.call(kHold, "", true);
  const auto call = held_call();
  ASSERT_TRUE(call);
  call->write("small");
  EXPECT_TRUE(
      client.talk_until([this] { return held_.wait([this] { return held_.written == 1; }); }));

  call->write(std::string(1U << 20U, 'l'));  // the client's window is 64 KiB, and it gives no more
  client.ping();
  EXPECT_TRUE(client.talk_until([&] { return client.pings() == 1; }));

  EXPECT_EQ(held_.get(held_.written), 1);
}

TEST_F(GrpcServerTest, HoldsUpAClientThatTakesNoAnswers) {
  start();
  RawClient client(server_->port());
  using std::string_view_literals::operator""sv;
  ASSERT_TRUE(client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"sv));
  // Each ping asks for an answer of its own size (RFC 9113, 6.7).
  std::string pings;
  for (int i = 0; i < 1000; ++i) {
    pings += "\0\0\x08\6\0\0\0\0\0pingpong"sv;
  }
  // Some MiB go into the buffers of the two sockets.
  EXPECT_TRUE(client.is_held_up(pings, 128U << 20U, std::chrono::seconds(2)));
}

TEST_F(GrpcServerTest, TellsThatTheClientHasCancelled) {
  start();
  Http2Client client(server_->port());
  const std::int32_t id = client.call(kHold, framed("x"), true);
  const auto call = held_call();
  client.reset(id);

  EXPECT_TRUE(held_.wait([this] { return held_.cancels == 1; }));
  call->write("nobody hears it");
  call->finish({});
  EXPECT_EQ(client.finished(client.call(kEcho, framed("y"))).data, framed("y"));
}

TEST_F(GrpcServerTest, TellsThatTheConnectionIsLost) {
  start();
  std::shared_ptr<GrpcCall> call;
  {
    Http2Client client(server_->port());
    client.call(kHold, framed("x"), true);
    call = held_call();
  }
  EXPECT_TRUE(held_.wait([this] { return held_.cancels == 1; }));
  call->finish({});
}

TEST_F(GrpcServerTest, EndsACallBeforeTheClientHasSaidAll) {
  start();
  Http2Client client(server_->port());
  const std::int32_t id = client.call(kHold, framed("x"), false);
  const auto call = held_call();
  ASSERT_TRUE(call);
  call->finish({GrpcCode::FailedPrecondition, "enough"});

  const auto& answer = client.finished(id);

  EXPECT_EQ(status_of(answer), "9");
  EXPECT_EQ(answer.error, static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  EXPECT_EQ(held_.get(held_.cancels), 0);
}

TEST_F(GrpcServerTest, EndsAConnectionThatDoesNotSpeakHttp2) {
  start();
  RawClient wrong(server_->port());
  wrong.send("GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n");
  wrong.read_to_end();
  EXPECT_TRUE(wait_for_connections(0));

  Http2Client right(server_->port());
  EXPECT_EQ(right.finished(right.call(kEcho, framed("x"))).data, framed("x"));
}

TEST_F(GrpcServerTest, EndsAConnectionThatSaysNothing) {
  GrpcConfig config;
  config.handshake_timeout = std::chrono::milliseconds(300);
  start(config);
  Http2Client silent(server_->port());  // its settings are not sent before the first talk

  EXPECT_TRUE(silent.is_ended_by_server());
}

TEST_F(GrpcServerTest, EndsACallWhoseMessageStandsStill) {
  GrpcConfig config;
  config.progress_timeout = std::chrono::milliseconds(50);
  start(config);
  Http2Client client(server_->port());
  const std::int32_t id = client.call(kEcho, framed("never whole").substr(0, 9), false);

  EXPECT_EQ(client.finished(id).error, static_cast<std::uint32_t>(NGHTTP2_CANCEL));
}

TEST_F(GrpcServerTest, AsksASilentClientWhetherItLives) {
  GrpcConfig config;
  config.keepalive_time = std::chrono::milliseconds(50);
  start(config);
  Http2Client client(server_->port());
  client.call(kHold, "", false);

  EXPECT_TRUE(client.talk_until([&] { return client.pings() > 0; }));
}

TEST_F(GrpcServerTest, EndsAConnectionWhoseClientDoesNotAnswer) {
  GrpcConfig config;
  config.keepalive_time = std::chrono::milliseconds(50);
  config.keepalive_timeout = std::chrono::milliseconds(50);
  start(config);
  Http2Client client(server_->port(), true, false);
  client.call(kHold, "", false);

  EXPECT_TRUE(client.talk_until([&] { return client.is_closed(); }));
  EXPECT_GT(client.pings(), 0);
  EXPECT_TRUE(held_.wait([this] { return held_.cancels == 1; }));
}

TEST_F(GrpcServerTest, TellsOneConnectionTooManyToGoAway) {
  GrpcConfig config;
  config.max_connections = 1;
  start(config);
  Http2Client first(server_->port());
  EXPECT_EQ(first.finished(first.call(kEcho, framed("x"))).data, framed("x"));

  Http2Client second(server_->port());

  EXPECT_TRUE(second.talk_until([&] { return second.has_goaway(); }));
  EXPECT_EQ(first.finished(first.call(kEcho, framed("x"))).data, framed("x"));
}

TEST_F(GrpcServerTest, StopsWhenTheCallsUnderWayHaveEnded) {
  start();
  Http2Client client(server_->port());
  const std::int32_t id = client.call(kHold, framed("x"), true);
  const auto call = held_call();
  std::jthread stopping([this] { server_->stop(std::chrono::seconds(20)); });
  ASSERT_TRUE(client.talk_until([&] { return client.has_goaway(); }));

  call->finish({}, "answer");

  EXPECT_EQ(client.finished(id).data, framed("answer"));
  client.close();
  stopping.join();
  EXPECT_EQ(held_.get(held_.cancels), 0);
  EXPECT_EQ(server_->connection_count(), 0U);
}

TEST_F(GrpcServerTest, CancelsWhatIsLeftWhenTheLimitHasPassed) {
  start();
  Http2Client client(server_->port());
  client.call(kHold, framed("x"), true);
  const auto call = held_call();

  server_->stop(std::chrono::milliseconds(0));

  EXPECT_EQ(held_.get(held_.cancels), 1);
  call->finish({});
  EXPECT_TRUE(client.talk_until([&] { return client.is_closed(); }));
}

TEST_F(GrpcServerTest, SaysThatAPortIsInUse) {
  start();

  const auto second = GrpcServer::start({"127.0.0.1", server_->port()}, {}, executors_, quiet_);

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::Unavailable);
  EXPECT_EQ(
      second.error().message,
      "cannot listen on 127.0.0.1:" + std::to_string(server_->port()) + ": Address already in use");
}

TEST_F(GrpcServerTest, TakesTheSamePortAgainAfterAStop) {
  start();
  const std::uint16_t port = server_->port();
  server_->stop(std::chrono::milliseconds(0));

  const auto second = GrpcServer::start({"127.0.0.1", port}, {}, executors_, quiet_);

  EXPECT_TRUE(second) << second.error().message;
}

TEST_F(GrpcServerTest, RefusesAnAddressThatIsNone) {
  const auto server = GrpcServer::start({"nowhere", 0}, {}, executors_, quiet_);

  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, Code::InvalidArgument);
  EXPECT_THAT(server.error().message, HasSubstr("'nowhere'"));
}

}  // namespace
}  // namespace aion::net
