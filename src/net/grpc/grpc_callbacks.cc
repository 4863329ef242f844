#include "net/grpc/grpc_callbacks.h"

#include <string_view>

#include "base/assert.h"
#include "net/grpc/grpc_connection.h"

namespace aion::net {

namespace {

GrpcConnection& connection_of(void* user) {
  return *static_cast<GrpcConnection*>(user);
}

/// Null for a stream that is over.
GrpcStream* stream_of(nghttp2_session* session, std::int32_t id) {
  return static_cast<GrpcStream*>(nghttp2_session_get_stream_user_data(session, id));
}

bool is_request(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

const nghttp2_session_callbacks* GrpcCallbacks::get() {
  static const nghttp2_session_callbacks* const kCallbacks = [] {
    nghttp2_session_callbacks* made = nullptr;
    AION_ASSERT(nghttp2_session_callbacks_new(&made) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_stream_close);
    return made;
  }();
  return kCallbacks;
}

int GrpcCallbacks::on_begin_headers(nghttp2_session* /*session*/,
                                    const nghttp2_frame* frame,
                                    void* user) {
  if (is_request(*frame)) {
    connection_of(user).begin_stream(frame->hd.stream_id);
  }
  return 0;
}

int GrpcCallbacks::on_header(nghttp2_session* session,
                             const nghttp2_frame* frame,
                             const std::uint8_t* name,
                             std::size_t name_size,
                             const std::uint8_t* value,
                             std::size_t value_size,
                             std::uint8_t /*flags*/,
                             void* user) {
  GrpcStream* const stream = stream_of(session, frame->hd.stream_id);
  if (stream != nullptr && is_request(*frame)) {  // a client's trailers say nothing
    constexpr std::size_t kPatience = 4;  // a little too much gets an answer, much too much a reset
    stream->add_header(text(name, name_size), text(value, value_size));
    if (stream->header_bytes() > kPatience * connection_of(user).max_header_bytes()) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
  }
  return 0;
}

int GrpcCallbacks::on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  GrpcConnection& connection = connection_of(user);
  if (frame->hd.type == NGHTTP2_SETTINGS) {
    connection.has_shaken_hands_ = true;
    return 0;
  }
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
    return 0;
  }
  GrpcStream* const stream = stream_of(session, frame->hd.stream_id);
  if (stream == nullptr) {
    return 0;
  }
  if (is_request(*frame)) {
    connection.open(*stream);
  }
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    stream->half_close();
  }
  return 0;
}

int GrpcCallbacks::on_data(nghttp2_session* session,
                           std::uint8_t /*flags*/,
                           std::int32_t id,
                           const std::uint8_t* data,
                           std::size_t size,
                           void* /*user*/) {
  // A call that does not read must not hold up the others of its connection.
  nghttp2_session_consume_connection(session, size);
  if (GrpcStream* const stream = stream_of(session, id)) {
    stream->take(text(data, size));
  }
  return 0;
}

int GrpcCallbacks::on_frame_sent(nghttp2_session* session,
                                 const nghttp2_frame* frame,
                                 void* /*user*/) {
  const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!ends || frame->hd.type != NGHTTP2_HEADERS) {
    return 0;
  }
  const GrpcStream* const stream = stream_of(session, frame->hd.stream_id);
  if (stream != nullptr && !stream->is_half_closed()) {
    // The call has ended before the client had said all: it need not go on.
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  }
  return 0;
}

int GrpcCallbacks::on_stream_close(nghttp2_session* /*session*/,
                                   std::int32_t id,
                                   std::uint32_t reason,
                                   void* user) {
  connection_of(user).stream_closed(id, reason);
  return 0;
}

}  // namespace aion::net
