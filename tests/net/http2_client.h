// A bare HTTP/2 client: sends what a test wants, right or wrong, and keeps what comes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

namespace aion::net {

class Http2Client {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  struct Stream {
    std::map<std::string, std::string> headers;  // trailers too
    std::string data;
    std::string to_send;
    std::size_t sent = 0;  // of to_send
    bool ends = false;     // behind to_send
    bool is_closed = false;
    std::uint32_t error = 0;
  };

  /// Connects. With `takes` false nothing is given back to the server's window of a stream.
  explicit Http2Client(std::uint16_t port, bool takes = true, bool answers_pings = true);
  ~Http2Client();
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  /// Begins a gRPC call; `more` comes behind the usual headers. `ends` false: the stream stays open
  /// for send().
  std::int32_t call(const std::string& path,
                    const std::string& body,
                    bool ends = true,
                    const Headers& more = {});
  /// Begins a request with just these headers.
  std::int32_t request(const Headers& headers, const std::string& body, bool ends);
  void send(std::int32_t id, const std::string& body, bool ends);
  void reset(std::int32_t id);
  void ping();

  [[nodiscard]] const Stream& stream(std::int32_t id) { return streams_[id]; }
  [[nodiscard]] bool has_goaway() const { return has_goaway_; }
  [[nodiscard]] bool is_closed() const { return is_closed_; }
  [[nodiscard]] int pings() const { return pings_; }

  /// Talks until `is_done`; false when that has not come within 20 s.
  bool talk_until(const std::function<bool()>& is_done);
  /// The stream after its end.
  const Stream& finished(std::int32_t id);
  void close();
  /// Reads, and says nothing, until the server closes; false when it has not within 20 s.
  bool is_ended_by_server();

 private:
  friend struct ClientCallbacks;

  void push();
  void pull();

  int descriptor_ = -1;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Stream> streams_;
  bool has_goaway_ = false;
  bool is_closed_ = false;
  int pings_ = 0;
};

/// A message with the prefix that it has on the wire.
std::string framed(const std::string& message, char flag = 0);

}  // namespace aion::net
