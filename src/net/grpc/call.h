// One gRPC call as the one who answers it sees it, whatever its messages are.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/grpc/status.h"

namespace aion::net {

/// The server's side of a call. It may outlive its connection: what is said then is dropped.
///
/// Thread safety: read(), write() and finish() from any thread; the rest from the receiver's.
class GrpcCall {
 public:
  virtual ~GrpcCall() = default;

  /// The first metadata of that name, which is in lower case; empty if there is none.
  [[nodiscard]] virtual std::string_view metadata(std::string_view name) const = 0;
  /// kNever if the client gave none.
  [[nodiscard]] virtual TimePoint deadline() const = 0;
  [[nodiscard]] virtual std::string_view peer_address() const = 0;

  /// Asks for one message: on_message() or on_half_close() follows, once. Not asking holds the
  /// client up by its own window.
  virtual void read() = 0;
  /// Sends a message behind those before; on_written() follows when it is on its way: on the io
  /// thread perhaps before this returns.
  virtual void write(std::string message) = 0;
  /// Ends the call behind what was written and `last`. What is said later is dropped.
  virtual void finish(GrpcStatus status, std::optional<std::string> last = std::nullopt) = 0;
};

/// Gets what a call brings. All methods are called on the connection's io thread, one at a time,
/// and must not block it.
class GrpcReceiver {
 public:
  virtual ~GrpcReceiver() = default;

  /// The message that read() asked for; valid until the return.
  virtual void on_message(std::string_view message) = 0;
  /// The client sends no more messages.
  virtual void on_half_close() = 0;
  /// A message that was written has gone to the socket, or is about to.
  virtual void on_written() {}
  /// The server is to stop: a call that would go on by itself ends soon, or is cancelled in the
  /// end.
  virtual void on_stopping() {}
  /// The call has been given up by the client or lost with its connection; what is written now goes
  /// nowhere. Not called when the call has ended as it should.
  virtual void on_cancel() = 0;
};

/// Begins a call of one method when its metadata has come: makes its receiver, which the connection
/// holds until the call is over. Runs on the connection's io thread.
using GrpcMethod = std::function<std::shared_ptr<GrpcReceiver>(std::shared_ptr<GrpcCall>)>;

/// A service and its methods, under the names that they have on the wire.
struct GrpcService {
  std::string name;  // with its package: "grpc.health.v1.Health"
  std::vector<std::pair<std::string, GrpcMethod>> methods;
};

}  // namespace aion::net
