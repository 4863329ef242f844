// What the server says on a connection: its settings, and the frames of an answer.
#pragma once

#include <nghttp2/nghttp2.h>

#include "net/grpc/server.h"
#include "net/grpc/status.h"
#include "net/grpc/stream.h"

namespace aion::net {

/// How every session behaves; lives as long as the program.
[[nodiscard]] const nghttp2_option* session_options();

/// False if the library cannot.
bool submit_first_settings(nghttp2_session& session, const GrpcConfig& config);

/// An answer without messages: headers that are trailers at once. `status` outlives the stream.
void submit_bare_status(nghttp2_session& session, GrpcStream& stream, const GrpcStatus& status);

/// Headers, then what the stream has to say as it comes, then trailers.
void submit_messages(nghttp2_session& session, GrpcStream& stream);

/// Tells a client that does not speak gRPC.
void submit_http_status(nghttp2_session& session, GrpcStream& stream, int status);

}  // namespace aion::net
