// One accepted connection of gRPC: HTTP/2 by nghttp2, its streams, its socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "net/grpc/environment.h"
#include "net/grpc/stream.h"
#include "net/io/connection.h"
#include "net/io/io_loop.h"

namespace aion::net {

/// Reads what has come, lets the streams act on it, then sends what they and the protocol have to
/// say: one recv and one send for a small call. It holds itself until it has ended.
///
/// Thread safety: everything happens on the loop's io thread.
class GrpcConnection final : public Connection,
                             public StreamTransport,
                             public std::enable_shared_from_this<GrpcConnection> {
 public:
  /// Takes the descriptor over. `output` is the loop's, in the environment.
  GrpcConnection(std::shared_ptr<IoLoop> loop,
                 std::shared_ptr<GrpcEnvironment> environment,
                 std::string& output,
                 int descriptor,
                 std::string peer_address);
  ~GrpcConnection() override;
  GrpcConnection(const GrpcConnection&) = delete;
  GrpcConnection& operator=(const GrpcConnection&) = delete;

  void start(bool is_welcome) override;
  void on_events(std::uint32_t events) override;
  void check_time() override;
  void begin_stop() override;
  void abort() override;

  void ready(GrpcStream& stream) override;
  void flush() override;
  void consumed(GrpcStream& stream, std::size_t count) override;
  void has_written(std::shared_ptr<GrpcStream> stream) override;

  [[nodiscard]] std::size_t max_header_bytes() const {
    return environment_->config.max_metadata_bytes;
  }

 private:
  friend struct GrpcCallbacks;  // what the library calls
  struct SessionDeleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  // Reading.
  /// Not while the client takes nothing: what is said to it would pile up.
  [[nodiscard]] bool may_read() const { return has_input_ && (unsent_.empty() || has_hung_up_); }
  void pump();
  void pump_later();
  void receive();
  void begin_stream(std::int32_t id);
  void open(GrpcStream& stream);
  void stream_closed(std::int32_t id, std::uint32_t reason);

  // Sending.
  bool begin_session();
  void respond(GrpcStream& stream);
  bool send_some();
  void gather(std::string& out);
  bool give_to_socket(std::string& out);
  void tell_written();

  void end_session(std::uint32_t reason, std::string_view text);
  void check_streams();
  void later(std::function<void()> action);
  void say_goodbye();
  void drain();
  void cut();
  void end();

  std::shared_ptr<IoLoop> loop_;
  std::shared_ptr<GrpcEnvironment> environment_;
  std::string& output_;
  std::shared_ptr<const std::string> peer_address_;
  std::unique_ptr<nghttp2_session, SessionDeleter> session_;
  std::unordered_map<std::int32_t, std::shared_ptr<GrpcStream>> streams_;
  std::vector<std::shared_ptr<GrpcStream>> written_;  // to be told so
  std::string unsent_;                                // frames that the socket did not take
  std::shared_ptr<GrpcConnection> self_;              // until the end
  IoLoop::TickTime started_;
  IoLoop::TickTime since_;       // of the last bytes that came
  IoLoop::TickTime sent_since_;  // of the last bytes that went
  IoLoop::TickTime pinged_;
  int descriptor_;
  bool has_input_ = true;     // there may be something to read
  bool has_hung_up_ = false;  // the client sends no more, though what it sent may not be read yet
  bool has_shaken_hands_ = false;
  bool is_busy_ = false;  // inside the library, or telling streams
  bool needs_flush_ = false;
  bool is_posted_ = false;  // another turn is under way
  bool is_pinging_ = false;
  bool is_draining_ = false;  // all is said; waits for the client to close
  bool must_end_ = false;     // the socket or the session is broken
};

}  // namespace aion::net
