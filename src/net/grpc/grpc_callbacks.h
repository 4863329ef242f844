// What nghttp2 tells a gRPC connection: streams that begin, headers, data, ends.
#pragma once

#include <cstddef>
#include <cstdint>

#include <nghttp2/nghttp2.h>

namespace aion::net {

struct GrpcCallbacks {
  /// The same for all connections; lives as long as the program.
  [[nodiscard]] static const nghttp2_session_callbacks* get();

 private:
  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session* session,
                       const nghttp2_frame* frame,
                       const std::uint8_t* name,
                       std::size_t name_size,
                       const std::uint8_t* value,
                       std::size_t value_size,
                       std::uint8_t flags,
                       void* user);
  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_data(nghttp2_session* session,
                     std::uint8_t flags,
                     std::int32_t id,
                     const std::uint8_t* data,
                     std::size_t size,
                     void* user);
  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_stream_close(nghttp2_session* session,
                             std::int32_t id,
                             std::uint32_t reason,
                             void* user);
};

}  // namespace aion::net
