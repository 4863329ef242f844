// A client that sends exactly the bytes it is told and reads what comes: for tests of the HTTP
// server.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace aion::net {

struct RawResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

/// One connection to this machine. Every wait ends after 20 seconds, so that a test fails and does
/// not hang.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  /// Over the Unix socket of that path.
  explicit RawClient(const std::string& unix_path);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False when the server does not take it.
  bool send(std::string_view bytes);
  /// Sends `bytes` again and again, and reads nothing. True when the server holds the client up,
  /// that is has taken none for `patience`; false when it has closed, or `limit` bytes have gone.
  bool is_held_up(std::string_view bytes, std::size_t limit, std::chrono::milliseconds patience);
  /// The next response; status 0 when the connection ends before it is whole. `is_head`: without a
  /// body.
  RawResponse read(bool is_head = false);
  /// send() and read().
  RawResponse ask(std::string_view bytes);
  /// Nothing more comes: the server has closed (or reset) the connection.
  bool is_closed_by_server();
  /// Whatever comes until the connection ends.
  std::string read_to_end();
  void finish_sending();
  void hang_up();
  /// Makes hang_up() reset the connection.
  void reset_when_closed();
  /// Closes without a word to the server, as when the power fails; false when the system does not
  /// allow that.
  bool vanish();

 private:
  bool receive_more();

  int descriptor_ = -1;
  std::string buffer_;
};

}  // namespace aion::net
