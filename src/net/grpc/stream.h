// One call on its connection: an HTTP/2 stream, whose data becomes messages and whose messages
// become data.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/grpc/call.h"
#include "net/grpc/message_decoder.h"
#include "net/io/io_loop.h"

namespace aion::net {

class GrpcStream;

/// What a stream asks of its connection. Used on the io thread.
class StreamTransport {
 public:
  virtual ~StreamTransport() = default;

  /// The stream has something to send.
  virtual void ready(GrpcStream& stream) = 0;
  /// Sends what there is, or sees to it that it is sent soon.
  virtual void flush() = 0;
  /// So many bytes of its data have been used: the client may send as many more.
  virtual void consumed(GrpcStream& stream, std::size_t count) = 0;
  /// on_written() is to be called, but not now.
  virtual void has_written(std::shared_ptr<GrpcStream> stream) = 0;
};

/// Thread safety: the methods of GrpcCall as they say; the rest on the connection's io thread.
class GrpcStream final : public GrpcCall, public std::enable_shared_from_this<GrpcStream> {
 public:
  /// `peer_address` is the connection's. Headers beyond `max_header_bytes` are counted, not kept.
  GrpcStream(StreamTransport& transport,
             std::shared_ptr<IoLoop> loop,
             std::shared_ptr<const std::string> peer_address,
             std::int32_t id,
             std::size_t max_header_bytes);

  [[nodiscard]] std::string_view metadata(std::string_view name) const override;
  [[nodiscard]] TimePoint deadline() const override { return deadline_; }
  [[nodiscard]] std::string_view peer_address() const override { return *peer_address_; }
  void read() override;
  void write(std::string message) override;
  void finish(GrpcStatus status, std::optional<std::string> last = std::nullopt) override;

  [[nodiscard]] std::int32_t id() const { return id_; }
  void add_header(std::string_view name, std::string_view value);
  /// As RFC 9113 counts them (6.5.2): 32 for each beside its text.
  [[nodiscard]] std::size_t header_bytes() const { return header_bytes_; }

  // The connection's view: what comes.

  /// The headers are whole and right; `method` makes the receiver.
  void open(const GrpcMethod& method,
            TimePoint deadline,
            Compression encoding,
            std::size_t max_message_bytes,
            std::size_t max_unpacked_bytes);
  void take(std::string_view data);
  void half_close();
  /// The stream is no more; tells the receiver unless the call has ended as it should.
  void close(bool was_lost);
  void tell_written();
  void tell_stopping();
  /// Headers or a message began to come, or an answer to go, and then nothing more since `time`.
  [[nodiscard]] bool has_stood_still_since(IoLoop::TickTime time);
  /// Ends the call if its deadline has passed.
  void check_deadline(TimePoint now);

  // And what goes.

  /// There is something to send. True the first time: the response begins.
  [[nodiscard]] bool begin_response();
  [[nodiscard]] bool is_half_closed() const { return is_half_closed_; }
  /// Puts framed messages into `to`; returns how many bytes it put there.
  std::size_t fill(std::span<std::uint8_t> to);
  /// How the call ended, when nothing has to be sent before that; else null. It does not change.
  [[nodiscard]] const GrpcStatus* final_status();
  /// Keeps text that must live as long as the stream.
  std::string& encoded_message() { return encoded_message_; }

 private:
  struct Header {
    std::uint32_t at;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  static constexpr std::size_t kPrefix = 5;  // flag, length

  void wake();
  void deliver();
  bool next_event();
  void feed();
  void give_up(GrpcStatus status);
  bool has_output();
  bool next_message();

  StreamTransport* transport_;  // null once the stream is closed
  std::shared_ptr<IoLoop> loop_;
  std::shared_ptr<const std::string> peer_address_;
  std::int32_t id_;
  std::size_t max_header_bytes_;
  std::size_t header_bytes_ = 0;
  std::string header_text_;
  std::vector<Header> headers_;
  TimePoint deadline_ = kNever;

  std::shared_ptr<GrpcReceiver> receiver_;
  std::optional<GrpcMessageDecoder> decoder_;
  std::string held_;          // data that came before it was asked for
  std::string_view pending_;  // what the decoder has not had: in held_, or in what is being taken
  IoLoop::TickTime since_;    // of the last data
  bool wants_message_ = false;
  bool is_delivering_ = false;
  bool is_half_closed_ = false;

  bool has_response_ = false;
  IoLoop::TickTime sent_since_;  // of the last data that went, or was to go first
  std::string sending_;          // the message that is being put into frames
  std::size_t sent_ = 0;         // of it and its prefix
  bool is_sending_ = false;
  std::string encoded_message_;

  std::mutex mutex_;  // for the three below
  std::vector<std::string> outbox_;
  std::size_t taken_ = 0;  // of outbox_
  std::optional<GrpcStatus> status_;
  std::atomic<bool> is_posted_ = false;
};

}  // namespace aion::net
