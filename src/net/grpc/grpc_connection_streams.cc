// How a connection begins and ends its streams: the part of class GrpcConnection that reads
// headers.
#include <chrono>
#include <utility>

#include "net/grpc/grpc_connection.h"
#include "net/grpc/response_frames.h"
#include "net/grpc/wire.h"

namespace aion::net {

namespace {

bool is_grpc(std::string_view content_type) {
  constexpr std::string_view kType = "application/grpc";
  if (!content_type.starts_with(kType)) {
    return false;
  }
  content_type.remove_prefix(kType.size());
  return content_type.empty() || content_type.front() == '+' || content_type.front() == ';';
}

TimePoint deadline_after(Duration limit) {
  const TimePoint now = std::chrono::steady_clock::now();
  return limit > kNever - now ? kNever : now + limit;
}

GrpcStatus unknown_encoding(std::string_view name) {
  return {GrpcCode::Unimplemented,
          "'grpc-encoding' is '" + std::string(name.substr(0, 64)) +
              "', expected identity, deflate or gzip"};
}

}  // namespace

void GrpcConnection::begin_stream(std::int32_t id) {
  auto stream = std::make_shared<GrpcStream>(
      *this, loop_, peer_address_, id, environment_->config.max_metadata_bytes);
  nghttp2_session_set_stream_user_data(session_.get(), id, stream.get());
  streams_.emplace(id, std::move(stream));
}

/// Finds the method and lets it begin, or says why not; what comes for the stream is dropped then.
void GrpcConnection::open(GrpcStream& stream) {
  const GrpcConfig& config = environment_->config;
  if (stream.header_bytes() > config.max_metadata_bytes) {
    stream.finish({GrpcCode::ResourceExhausted,
                   "metadata: expected at most " + std::to_string(config.max_metadata_bytes) +
                       " bytes, got " + std::to_string(stream.header_bytes())});
    return;
  }
  const bool is_post = stream.metadata(":method") == "POST";
  if (!is_post || !is_grpc(stream.metadata("content-type"))) {
    (void)stream.begin_response();
    submit_http_status(*session_, stream, is_post ? 415 : 405);
    return;
  }
  TimePoint deadline = kNever;
  if (const std::string_view text = stream.metadata("grpc-timeout"); !text.empty()) {
    const auto limit = parse_grpc_timeout(text);
    if (!limit) {
      stream.finish({GrpcCode::InvalidArgument,
                     "'grpc-timeout' is '" + std::string(text.substr(0, 64)) +
                         "', expected up to 8 digits and one of H M S m u n"});
      return;
    }
    deadline = deadline_after(*limit);
  }
  const auto encoding = parse_compression(stream.metadata("grpc-encoding"));
  if (!encoding) {
    stream.finish(unknown_encoding(stream.metadata("grpc-encoding")));
    return;
  }
  const auto method = environment_->methods.find(stream.metadata(":path"));
  if (method == environment_->methods.end()) {
    stream.finish({GrpcCode::Unimplemented,
                   "unknown method " + std::string(stream.metadata(":path").substr(0, 256))});
    return;
  }
  stream.open(
      method->second, deadline, *encoding, config.max_message_bytes, config.max_unpacked_bytes);
}

void GrpcConnection::stream_closed(std::int32_t id, std::uint32_t reason) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) {
    return;
  }
  const std::shared_ptr<GrpcStream> stream = std::move(found->second);
  streams_.erase(found);
  nghttp2_session_set_stream_user_data(session_.get(), id, nullptr);
  stream->close(reason != NGHTTP2_NO_ERROR || stream->final_status() == nullptr);
}

}  // namespace aion::net
