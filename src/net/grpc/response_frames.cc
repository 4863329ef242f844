#include "net/grpc/response_frames.h"

#include <array>
#include <span>
#include <string_view>

#include "base/assert.h"
#include "net/grpc/wire.h"

namespace aion::net {

namespace {

constexpr std::uint32_t kStreamWindow = 4U << 20U;
constexpr std::int32_t kConnectionWindow = 64 << 20;
// Deadlines that pass are resets by the client. The library's own limit, 33 a second, is one that
// an overloaded model reaches with honest clients.
constexpr std::uint64_t kResetsAtOnce = 10'000;
constexpr std::uint64_t kResetsPerSecond = 2'000;

/// A header whose text outlives the stream; it is not copied.
nghttp2_nv header(std::string_view name, std::string_view value) {
  // The library's type is not const, but it does not write.
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
          name.size(),
          value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

std::string_view number_of(GrpcCode code) {
  constexpr std::array<std::string_view, 17> kNumbers = {
      "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"};
  return kNumbers[static_cast<std::size_t>(code)];
}

/// A few headers, without an allocation.
class HeaderList {
 public:
  void add(std::string_view name, std::string_view value) { all_[size_++] = header(name, value); }
  void add_status(GrpcStream& stream, const GrpcStatus& status) {
    add("grpc-status", number_of(status.code));
    if (!status.message.empty()) {
      stream.encoded_message() = percent_encoded(status.message);
      add("grpc-message", stream.encoded_message());
    }
  }
  void add_start() {
    add(":status", "200");
    add("content-type", "application/grpc");
    add("grpc-accept-encoding", "identity, deflate, gzip");
  }
  [[nodiscard]] const nghttp2_nv* data() const { return all_.data(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::array<nghttp2_nv, 5> all_{};
  std::size_t size_ = 0;
};

ssize_t read_messages(nghttp2_session* session,
                      std::int32_t id,
                      std::uint8_t* to,
                      std::size_t room,
                      std::uint32_t* flags,
                      nghttp2_data_source* source,
                      void* /*user*/) {
  GrpcStream& stream = *static_cast<GrpcStream*>(source->ptr);
  const std::size_t put = stream.fill(std::span(to, room));
  if (const GrpcStatus* status = stream.final_status()) {
    HeaderList trailers;
    trailers.add_status(stream, *status);
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (nghttp2_submit_trailer(session, id, trailers.data(), trailers.size()) != 0) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets the stream
    }
    return static_cast<ssize_t>(put);
  }
  constexpr ssize_t kNothingYet = NGHTTP2_ERR_DEFERRED;
  return put > 0 ? static_cast<ssize_t>(put) : kNothingYet;
}

}  // namespace

const nghttp2_option* session_options() {
  static const nghttp2_option* const kOptions = [] {
    nghttp2_option* made = nullptr;
    AION_ASSERT(nghttp2_option_new(&made) == 0);
    nghttp2_option_set_no_auto_window_update(made,
                                             1);  // a call that does not read holds its client
    nghttp2_option_set_no_closed_streams(made, 1);
    nghttp2_option_set_stream_reset_rate_limit(made, kResetsAtOnce, kResetsPerSecond);
    return made;
  }();
  return kOptions;
}

bool submit_first_settings(nghttp2_session& session, const GrpcConfig& config) {
  const auto metadata_limit = static_cast<std::uint32_t>(config.max_metadata_bytes);
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, config.max_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, metadata_limit},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  return nghttp2_submit_settings(&session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
             0 &&
         nghttp2_session_set_local_window_size(&session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) ==
             0;
}

void submit_bare_status(nghttp2_session& session, GrpcStream& stream, const GrpcStatus& status) {
  HeaderList headers;
  headers.add_start();
  headers.add_status(stream, status);
  nghttp2_submit_response(&session, stream.id(), headers.data(), headers.size(), nullptr);
}

void submit_messages(nghttp2_session& session, GrpcStream& stream) {
  HeaderList headers;
  headers.add_start();
  nghttp2_data_provider messages{};
  messages.source.ptr = &stream;
  messages.read_callback = read_messages;
  nghttp2_submit_response(&session, stream.id(), headers.data(), headers.size(), &messages);
}

void submit_http_status(nghttp2_session& session, GrpcStream& stream, int status) {
  HeaderList headers;
  headers.add(":status", status == 405 ? "405" : "415");
  nghttp2_submit_response(&session, stream.id(), headers.data(), headers.size(), nullptr);
}

}  // namespace aion::net
