#include "http2_client.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace aion::net {

struct ClientCallbacks {
  static Http2Client& client(void* user) { return *static_cast<Http2Client*>(user); }

  static int on_header(nghttp2_session* /*session*/,
                       const nghttp2_frame* frame,
                       const std::uint8_t* name,
                       std::size_t name_size,
                       const std::uint8_t* value,
                       std::size_t value_size,
                       std::uint8_t /*flags*/,
                       void* user) {
    client(user).streams_[frame->hd.stream_id].headers[std::string(name, name + name_size)] =
        std::string(value, value + value_size);
    return 0;
  }

  static int on_data(nghttp2_session* /*session*/,
                     std::uint8_t /*flags*/,
                     std::int32_t id,
                     const std::uint8_t* data,
                     std::size_t size,
                     void* user) {
    client(user).streams_[id].data.append(data, data + size);
    return 0;
  }

  static int on_close(nghttp2_session* /*session*/,
                      std::int32_t id,
                      std::uint32_t error,
                      void* user) {
    client(user).streams_[id].is_closed = true;
    client(user).streams_[id].error = error;
    return 0;
  }

  static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    Http2Client& self = client(user);
    self.has_goaway_ = self.has_goaway_ || frame->hd.type == NGHTTP2_GOAWAY;
    if (frame->hd.type == NGHTTP2_PING) {
      ++self.pings_;
    }
    return 0;
  }

  static ssize_t read(nghttp2_session* /*session*/,
                      std::int32_t id,
                      std::uint8_t* to,
                      std::size_t room,
                      std::uint32_t* flags,
                      nghttp2_data_source* /*source*/,
                      void* user) {
    Http2Client::Stream& stream = client(user).streams_[id];
    const std::size_t count = std::min(room, stream.to_send.size() - stream.sent);
    std::memcpy(to, stream.to_send.data() + stream.sent, count);
    stream.sent += count;
    if (stream.sent == stream.to_send.size() && stream.ends) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (count == 0) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(count);
  }
};

namespace {

int connect_to(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
  }
  const int on = 1;  // else each window update waits for the acknowledgement of the one before
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return descriptor;
}

}  // namespace

Http2Client::Http2Client(std::uint16_t port, bool takes, bool answers_pings)
    : descriptor_(connect_to(port)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, ClientCallbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, ClientCallbacks::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, ClientCallbacks::on_close);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, ClientCallbacks::on_frame);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, takes ? 0 : 1);
  nghttp2_option_set_no_auto_ping_ack(option, answers_pings ? 0 : 1);
  nghttp2_option_set_max_send_header_block_length(option, std::size_t{1} << 30U);
  nghttp2_session_client_new2(&session_, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
}

Http2Client::~Http2Client() {
  close();
  nghttp2_session_del(session_);
}

void Http2Client::close() {
  if (descriptor_ >= 0) {
    ::close(std::exchange(descriptor_, -1));
  }
}

std::int32_t Http2Client::call(const std::string& path,
                               const std::string& body,
                               bool ends,
                               const Headers& more) {
  Headers headers = {{":method", "POST"},
                     {":scheme", "http"},
                     {":path", path},
                     {":authority", "localhost"},
                     {"content-type", "application/grpc"},
                     {"te", "trailers"}};
  headers.insert(headers.end(), more.begin(), more.end());
  return request(headers, body, ends);
}

std::int32_t Http2Client::request(const Headers& headers, const std::string& body, bool ends) {
  std::vector<nghttp2_nv> list;
  for (const auto& [name, value] : headers) {
    list.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                    reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
                    name.size(),
                    value.size(),
                    NGHTTP2_NV_FLAG_NONE});
  }
  nghttp2_data_provider data{};
  data.read_callback = ClientCallbacks::read;
  const std::int32_t id =
      nghttp2_submit_request(session_, nullptr, list.data(), list.size(), &data, nullptr);
  streams_[id].to_send = body;
  streams_[id].ends = ends;
  push();
  return id;
}

void Http2Client::send(std::int32_t id, const std::string& body, bool ends) {
  streams_[id].to_send += body;
  streams_[id].ends = ends;
  nghttp2_session_resume_data(session_, id);
  push();
}

void Http2Client::reset(std::int32_t id) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  push();
}

void Http2Client::ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  push();
}

void Http2Client::push() {
  const std::uint8_t* frames = nullptr;
  for (;;) {
    const ssize_t size = nghttp2_session_mem_send(session_, &frames);
    if (size <= 0) {
      return;
    }
    (void)!::send(descriptor_, frames, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  }
}

void Http2Client::pull() {
  std::array<std::uint8_t, 65536> buffer{};
  const ssize_t size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
  if (size <= 0) {
    is_closed_ = true;
    return;
  }
  nghttp2_session_mem_recv(session_, buffer.data(), static_cast<std::size_t>(size));
}

bool Http2Client::talk_until(const std::function<bool()>& is_done) {
  constexpr std::chrono::seconds kPatience{20};
  const auto end = std::chrono::steady_clock::now() + kPatience;
  push();
  while (!is_done()) {
    if (is_closed_ || std::chrono::steady_clock::now() > end) {
      return is_done();
    }
    pollfd wait{descriptor_, POLLIN, 0};
    if (::poll(&wait, 1, 50) > 0) {
      pull();
      push();
    }
  }
  return true;
}

bool Http2Client::is_ended_by_server() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!is_closed_ && std::chrono::steady_clock::now() < end) {
    pollfd wait{descriptor_, POLLIN, 0};
    if (::poll(&wait, 1, 50) > 0) {
      pull();
    }
  }
  return is_closed_;
}

const Http2Client::Stream& Http2Client::finished(std::int32_t id) {
  talk_until([&] { return streams_[id].is_closed; });
  return streams_[id];
}

std::string framed(const std::string& message, char flag) {
  const auto size = static_cast<std::uint32_t>(message.size());
  std::string all = {flag,
                     static_cast<char>(size >> 24U),
                     static_cast<char>(size >> 16U),
                     static_cast<char>(size >> 8U),
                     static_cast<char>(size)};
  return all + message;
}

}  // namespace aion::net
