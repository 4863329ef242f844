// The floor: the least C++ server. epoll + SO_REUSEPORT, HTTP/1.1 keep-alive, a binary tensor body,
// the model run inline on the same thread. No JSON parser, no routing, no batching, no metrics: a
// bound for a real server. Usage: bench_floor PORT MODEL SHAPE(1x64) f32|i32 THREADS; port 0 takes
// a free one; prints `floor ready: port N`.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serving/ort_model.h"

namespace aion::bench {
namespace {

constexpr int kEventsAtOnce = 256;
constexpr std::size_t kReadBytes = std::size_t{1} << 20U;

void check_call(int result, const char* what) {
  if (result < 0) {
    std::perror(what);
    std::exit(1);
  }
}

// A listener of its own for each thread, all on one port: the kernel spreads the connections.
int listen_on(uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  check_call(listener, "socket");
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  check_call(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
  check_call(listen(listener, 1024), "listen");
  return listener;
}

uint16_t port_of(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  check_call(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  return ntohs(address.sin_port);
}

// Size of the body by the header block text[0, end): case-blind, no validation.
std::size_t content_length(const std::string& text, std::size_t end) {
  static constexpr char kName[] = "content-length:";
  std::size_t length = 0;
  for (std::size_t at = 0; at < end;) {
    const std::size_t line_end = text.find("\r\n", at);
    if (line_end - at > 15 && strncasecmp(&text[at], kName, 15) == 0) {
      length = static_cast<std::size_t>(std::atol(&text[at + 15]));
    }
    at = line_end + 2;
  }
  return length;
}

// One thread's server: its own listener, epoll set and buffers; only the session is shared.
class Loop {
 public:
  Loop(const OrtModel& model, int listener)
      : model_(model),
        listener_(listener),
        epoll_(epoll_create1(0)),
        memory_(model.make_memory_info()),
        tensor_(model.input_bytes()),
        read_buffer_(kReadBytes) {
    watch(listener_);
  }

  [[noreturn]] void run() {
    std::vector<epoll_event> events(kEventsAtOnce);
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), kEventsAtOnce, -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          accept_all();
        } else {
          serve(fd);
        }
      }
    }
  }

 private:
  void watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void accept_all() const {
    const int on = 1;
    for (int fd = 0; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(fd);
    }
  }

  void serve(int fd) {
    const ssize_t got = read(fd, read_buffer_.data(), read_buffer_.size());
    if (got <= 0) {
      if (got == 0 || errno != EAGAIN) {
        close(fd);
        received_.erase(fd);
      }
      return;
    }
    std::string& text = received_[fd];
    text.append(read_buffer_.data(), static_cast<std::size_t>(got));
    while (answer_one(fd, text)) {}
  }

  // Answers the first whole request in `text`, if there is one, and takes it off.
  bool answer_one(int fd, std::string& text) {
    const std::size_t header_end = text.find("\r\n\r\n");
    if (header_end == std::string::npos) {
      return false;
    }
    const std::size_t body_bytes = content_length(text, header_end);
    const std::size_t request_bytes = header_end + 4 + body_bytes;
    if (text.size() < request_bytes) {
      return false;
    }
    if (body_bytes < tensor_.size()) {
      response_ = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    } else {
      infer(&text[request_bytes - tensor_.size()]);
    }
    text.erase(0, request_bytes);
    write_response(fd);
    return true;
  }

  // The tensor is the tail of the body; the JSON in front of it is not read.
  void infer(const char* bytes) {
    std::memcpy(tensor_.data(), bytes, tensor_.size());
    OrtValue* input = model_.make_input(memory_, tensor_.data());
    OrtValue* output = model_.run(input);
    compose(model_.data(output), model_.element_count(output));
    model_.release(input);
    model_.release(output);
  }

  void compose(const float* data, std::size_t elements) {
    const std::size_t data_bytes = elements * 4;
    char json[256];
    const int json_bytes =
        std::snprintf(json,
                      sizeof json,
                      "{\"model_name\":\"m\",\"outputs\":[{\"name\":\"%s\",\"datatype\":\"FP32\","
                      "\"shape\":[%zu],\"parameters\":{\"binary_data_size\":%zu}}]}",
                      model_.output_name(),
                      elements,
                      data_bytes);
    char header[256];
    const int header_bytes =
        std::snprintf(header,
                      sizeof header,
                      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
                      "Inference-Header-Content-Length: %d\r\nContent-Length: %zu\r\n\r\n",
                      json_bytes,
                      static_cast<std::size_t>(json_bytes) + data_bytes);
    response_.clear();
    response_.append(header, static_cast<std::size_t>(header_bytes));
    response_.append(json, static_cast<std::size_t>(json_bytes));
    response_.append(reinterpret_cast<const char*>(data), data_bytes);
  }

  void write_response(int fd) const {
    for (std::size_t done = 0; done < response_.size();) {
      const ssize_t wrote = write(fd, &response_[done], response_.size() - done);
      if (wrote >= 0) {
        done += static_cast<std::size_t>(wrote);
      } else if (errno != EAGAIN) {
        return;
      }
    }
  }

  const OrtModel& model_;
  int listener_;
  int epoll_;
  OrtMemoryInfo* memory_;
  std::unordered_map<int, std::string> received_;
  std::string response_;
  std::vector<char> tensor_;
  std::vector<char> read_buffer_;
};

[[noreturn]] void serve_forever(const OrtModel& model, uint16_t port, int threads) {
  const int first = listen_on(port);
  const uint16_t taken = port_of(first);
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) {
    others.emplace_back([&model, listener = listen_on(taken)] { Loop(model, listener).run(); });
  }
  std::printf("floor ready: port %d\n", static_cast<int>(taken));
  std::fflush(stdout);
  Loop(model, first).run();
}

}  // namespace
}  // namespace aion::bench

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: %s PORT MODEL SHAPE f32|i32 THREADS\n", argv[0]);
    return 2;
  }
  using namespace aion::bench;
  const OrtModel model(parse_model_arguments(argv[2], argv[3], argv[4]), 1);
  serve_forever(model, static_cast<uint16_t>(std::atoi(argv[1])), std::atoi(argv[5]));
}
