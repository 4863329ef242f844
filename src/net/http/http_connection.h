// One accepted connection: reads requests, hands them to the handler one after another, writes the
// answers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/cancel.h"
#include "net/http/body_buffer.h"
#include "net/http/chunked_decoder.h"
#include "net/http/http_environment.h"
#include "net/http/input_buffer.h"
#include "net/http/response_writer.h"
#include "net/io/connection.h"
#include "net/io/io_loop.h"

namespace aion::net {

/// Thread safety: everything happens on the loop's io thread, but for the handler's own part.
class HttpConnection final : public Connection,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  /// Takes the descriptor over.
  HttpConnection(std::shared_ptr<IoLoop> loop,
                 std::shared_ptr<HttpEnvironment> environment,
                 HttpMemory& memory,
                 int descriptor,
                 std::string peer_address);
  ~HttpConnection() override;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void start(bool is_welcome) override;
  void on_events(std::uint32_t events) override;
  void check_time() override;
  void begin_stop() override;
  void abort() override;

 private:
  enum class Phase : std::uint8_t { Idle, Head, Body, Handling, Writing, Draining };
  /// More: wait until readable, then take_input(). Ended: the peer is gone.
  enum class Step : std::uint8_t { More, Ready, Refused, Ended };
  using WaitHandler =
      boost::asio::async_result<boost::asio::use_awaitable_t<>, void()>::handler_type;

  boost::asio::awaitable<void> serve();
  boost::asio::awaitable<void> refuse_and_drain();
  void ended();

  // Reading; none of these waits.
  Step take_input();
  InputBuffer::Outcome receive();
  void begin_handling();
  void read_ahead();
  Step take_head();
  Step begin_request(std::string_view text);
  std::optional<Refusal> check_admission(const RequestHead& head);
  Step take_body();
  Step receive_body();
  Step take_chunks();
  Step body_is_whole(const BodyBuffer& body);
  Step input_ended();
  Step refuse(Refusal refusal);

  // Answering.
  boost::asio::awaitable<bool> write(ResponseWriter& writer);
  boost::asio::awaitable<void> drain();
  void forget_request();

  // Waiting.
  boost::asio::awaitable<void> readable();
  boost::asio::awaitable<void> writable();
  boost::asio::awaitable<void> next_turn();
  boost::asio::awaitable<void> to_loop();
  void enter(Phase phase);
  void shut_down(int how);

  std::shared_ptr<IoLoop> loop_;
  std::shared_ptr<HttpEnvironment> environment_;
  HttpMemory& memory_;  // the loop's, in the environment
  std::string peer_address_;
  CancelSource lost_;
  InputBuffer input_;
  std::size_t looked_at_ = 0;  // of the head that is coming

  HttpRequest request_;
  BodyBuffer head_memory_;  // with a body of known length: that too
  BodyBuffer chunked_body_;
  std::unique_ptr<ChunkedDecoder> decoder_;  // only while a chunked body comes
  std::uint64_t content_length_ = 0;
  std::optional<Refusal> refusal_;

  std::optional<WaitHandler> resume_;  // of the coroutine, when it waits for the socket
  IoLoop::TickTime since_;             // of the phase, or of its last progress
  int descriptor_;
  Phase phase_ = Phase::Idle;
  bool waits_for_room_ = false;  // to write; else for input
  bool has_input_ = true;     // there may be something to read: the next edge has not been awaited
  bool has_hung_up_ = false;  // the peer sends no more, though what it sent may not be read yet
  bool has_ended_ = false;
  bool has_timed_out_ = false;
  bool keeps_alive_ = true;
  bool is_http_1_0_ = false;
};

}  // namespace aion::net
