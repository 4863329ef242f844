// Open loop over HTTP/1.1: requests start at fixed times whether or not answers have come, and each
// latency counts from the time at which its request was meant to start, so a server that stalls
// cannot hide the requests it held up. Usage: bench_openloop PORT PATH HEADER_FILE BODY_FILE
// CONNECTIONS PER_SECOND SECONDS; prints one line of JSON.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace aion::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr auto kDrainLimit = std::chrono::seconds(2);

[[noreturn]] void stop(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    stop(path);
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Plan {
  uint16_t port = 0;
  std::string request;
  std::size_t connections = 0;
  nanoseconds interval{};
  std::size_t requests = 0;
};

Plan make_plan(char** arguments) {
  const std::string body = read_file(arguments[4]);
  Plan plan;
  plan.port = static_cast<uint16_t>(std::atoi(arguments[1]));
  plan.request = std::string("POST ") + arguments[2] +
                 " HTTP/1.1\r\nHost: 127.0.0.1:" + arguments[1] + "\r\n" + read_file(arguments[3]) +
                 "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  plan.connections = static_cast<std::size_t>(std::atoi(arguments[5]));
  const double per_second = std::atof(arguments[6]);
  plan.interval = nanoseconds(static_cast<int64_t>(1e9 / per_second));
  plan.requests = static_cast<std::size_t>(per_second * std::atof(arguments[7]));
  return plan;
}

int connect_to(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    stop("connect");
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// Bytes of the whole response at the front of `text`, 0 while it is not all there.
std::size_t response_size(const std::string& text) {
  const std::size_t header_end = text.find("\r\n\r\n");
  if (header_end == std::string::npos) {
    return 0;
  }
  std::size_t body = 0;
  for (std::size_t at = 0; at < header_end;) {
    if (strncasecmp(&text[at], "content-length:", 15) == 0) {
      body = static_cast<std::size_t>(std::atol(&text[at + 15]));
    }
    at = text.find("\r\n", at) + 2;
  }
  const std::size_t whole = header_end + 4 + body;
  return text.size() >= whole ? whole : 0;
}

struct Connection {
  int fd = -1;
  Clock::time_point intended{};  // of the request in flight
  std::string received;
};

// One request in flight per connection; requests that find none free wait here, their time running.
class Generator {
 public:
  explicit Generator(Plan plan) : plan_(std::move(plan)), epoll_(epoll_create1(0)) {
    latencies_us_.reserve(plan_.requests);
    connections_.resize(plan_.connections);
    for (Connection& connection : connections_) {
      connection.fd = connect_to(plan_.port);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &connection;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
      idle_.push_back(&connection);
    }
  }

  void run() {
    start_ = Clock::now() + std::chrono::milliseconds(1);
    const auto give_up =
        start_ + plan_.interval * static_cast<int64_t>(plan_.requests) + kDrainLimit;
    while (latencies_us_.size() + failed_ < plan_.requests && Clock::now() < give_up) {
      send_due();
      wait();
    }
  }

  void report() {
    std::sort(latencies_us_.begin(), latencies_us_.end());
    const std::chrono::duration<double> took = Clock::now() - start_;
    std::printf(
        "{\"asked\":%zu,\"answered\":%zu,\"failed\":%zu,\"rps\":%.1f,\"p50_us\":%.1f,\"p90_us\":%."
        "1f,"
        "\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,\"late_starts\":%zu}\n",
        plan_.requests,
        latencies_us_.size(),
        failed_,
        static_cast<double>(latencies_us_.size()) / took.count(),
        quantile(0.5),
        quantile(0.9),
        quantile(0.99),
        quantile(0.999),
        quantile(1.0),
        late_starts_);
  }

 private:
  Clock::time_point intended(std::size_t request) const {
    return start_ + plan_.interval * static_cast<int64_t>(request);
  }

  void send_due() {
    const auto now = Clock::now();
    while (next_ < plan_.requests && !idle_.empty() && intended(next_) <= now) {
      Connection& connection = *idle_.front();  // The longest idle one: all connections take turns.
      idle_.pop_front();
      connection.intended = intended(next_);
      late_starts_ += now - connection.intended > plan_.interval ? 1 : 0;
      ++next_;
      if (write(connection.fd, plan_.request.data(), plan_.request.size()) !=
          static_cast<ssize_t>(plan_.request.size())) {
        stop("write");
      }
    }
  }

  // Until an answer comes or, with a free connection, until the next request is due.
  void wait() {
    const bool wants_timer = next_ < plan_.requests && !idle_.empty();
    const nanoseconds left =
        wants_timer ? std::max(nanoseconds(0), nanoseconds(intended(next_) - Clock::now()))
                    : nanoseconds(std::chrono::milliseconds(100));
    const timespec limit{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    epoll_event events[64];
    const int count = epoll_pwait2(epoll_, events, 64, &limit, nullptr);
    for (int i = 0; i < count; ++i) {
      receive(*static_cast<Connection*>(events[i].data.ptr));
    }
  }

  void receive(Connection& connection) {
    char buffer[65536];
    const ssize_t got = read(connection.fd, buffer, sizeof buffer);
    if (got <= 0) {
      stop("the server closed a connection");
    }
    connection.received.append(buffer, static_cast<std::size_t>(got));
    const std::size_t whole = response_size(connection.received);
    if (whole == 0) {
      return;
    }
    if (connection.received.compare(0, 12, "HTTP/1.1 200") == 0) {
      const std::chrono::duration<double, std::micro> latency = Clock::now() - connection.intended;
      latencies_us_.push_back(latency.count());
    } else {
      ++failed_;
    }
    connection.received.erase(0, whole);
    idle_.push_back(&connection);
  }

  double quantile(double share) const {
    if (latencies_us_.empty()) {
      return 0;
    }
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(latencies_us_.size()));
    return latencies_us_[std::min(latencies_us_.size() - 1, rank)];
  }

  Plan plan_;
  int epoll_;
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;
  Clock::time_point start_{};
  std::size_t next_ = 0;
  std::size_t failed_ = 0;
  std::size_t late_starts_ = 0;
  std::vector<double> latencies_us_;
};

}  // namespace
}  // namespace aion::bench

int main(int argc, char** argv) {
  if (argc != 8) {
    std::fprintf(stderr,
                 "usage: %s PORT PATH HEADER_FILE BODY_FILE CONNECTIONS PER_SECOND SECONDS\n",
                 argv[0]);
    return 2;
  }
  prctl(PR_SET_TIMERSLACK,
        1UL,
        0UL,
        0UL,
        0UL);  // The default of 50 us is half an interval at 10,000 per second.
  aion::bench::Generator generator(aion::bench::make_plan(argv));
  generator.run();
  generator.report();
  return 0;
}
