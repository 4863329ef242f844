#include "net/client/load_generator.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/client/answer_reader.h"

namespace aion::net {

namespace {

/// A descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  [[nodiscard]] int get() const { return number_; }
  void reset() {
    if (number_ >= 0) {
      ::close(std::exchange(number_, -1));
    }
  }

 private:
  int number_;
};

/// A connected socket that does not block.
Result<Descriptor> connect_to(const LoadConfig& config) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (config.address == "localhost" ? 0 : AI_NUMERICHOST);
  addrinfo* found = nullptr;
  if (::getaddrinfo(config.address.c_str(), std::to_string(config.port).c_str(), &hints, &found) !=
      0) {
    return Error{Code::InvalidArgument,
                 "address: expected an IP address, got '" + config.address + "'"};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  int reason = 0;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    Descriptor socket(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.get() >= 0 && ::connect(socket.get(), address->ai_addr, address->ai_addrlen) == 0) {
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      return socket;
    }
    reason = errno;
  }
  return Error{Code::Unavailable,
               "nobody answers at " + config.address + ":" + std::to_string(config.port) + ": " +
                   std::strerror(reason)};
}

TimePoint now() {
  return std::chrono::steady_clock::now();
}

class LoadGenerator {
 public:
  explicit LoadGenerator(const LoadConfig& config) : config_(config) {}

  Result<LoadReport> run();

 private:
  struct Lane {
    Descriptor socket;
    AnswerReader reader;
    bool is_busy = false;
    std::size_t sent = 0;  // of the request under way
    TimePoint intended;    // when that was to be sent
    TimePoint begun;
  };

  Result<void> connect(Lane& lane);
  Result<void> reconnect(Lane& lane);
  /// When the next request is to be sent; nothing when there is none to come.
  [[nodiscard]] std::optional<TimePoint> next_due(TimePoint at) const;
  Result<void> send_due();
  Result<void> begin(Lane& lane, TimePoint intended);
  Result<void> go_on_sending(Lane& lane);
  /// `has_ended`: the server sends no more behind what is there.
  Result<void> receive(Lane& lane, bool has_ended);
  Result<void> finish(Lane& lane);
  Result<void> fail(Lane& lane, const std::string& reason);
  Result<void> give_up_late();
  Result<void> wait_for_events();
  [[nodiscard]] TimePoint next_wakeup() const;
  void count_unsent();

  const LoadConfig& config_;
  LoadReport report_;
  Descriptor epoll_;
  std::vector<Lane> lanes_;
  std::vector<Lane*> idle_;
  std::size_t busy_ = 0;
  std::uint64_t begun_ = 0;
  TimePoint start_;
  TimePoint end_ = kNever;  // nothing is begun after it
};

Result<LoadReport> LoadGenerator::run() {
  epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  lanes_ = std::vector<Lane>(config_.connections);
  for (Lane& lane : lanes_) {
    AION_TRY_VOID(connect(lane));
    idle_.push_back(&lane);
  }
  start_ = now();
  if (config_.request_count == 0) {
    end_ = start_ + config_.duration;
  }
  TimePoint last_look = start_;
  for (;;) {
    AION_TRY_VOID(send_due());
    if (busy_ == 0 && !next_due(now())) {
      break;
    }
    AION_TRY_VOID(wait_for_events());
    if (now() - last_look > std::chrono::milliseconds(100)) {
      last_look = now();
      AION_TRY_VOID(give_up_late());
    }
  }
  report_.elapsed = now() - start_;
  count_unsent();
  return std::move(report_);
}

Result<void> LoadGenerator::connect(Lane& lane) {
  AION_TRY(lane.socket, connect_to(config_));
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET);
  interest.data.ptr = &lane;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, lane.socket.get(), &interest);
  return {};
}

Result<void> LoadGenerator::reconnect(Lane& lane) {
  lane.socket.reset();
  lane.reader = AnswerReader();
  return connect(lane);
}

std::optional<TimePoint> LoadGenerator::next_due(TimePoint at) const {
  if (config_.request_count != 0 && begun_ >= config_.request_count) {
    return std::nullopt;
  }
  TimePoint due = at;
  if (config_.requests_per_second) {
    const double seconds = static_cast<double>(begun_) / *config_.requests_per_second;
    due = start_ + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  }
  return due < end_ && at < end_ ? std::optional(due) : std::nullopt;
}

Result<void> LoadGenerator::send_due() {
  while (!idle_.empty()) {
    const TimePoint at = now();
    const auto due = next_due(at);
    if (!due || *due > at) {
      return {};
    }
    Lane* lane = idle_.back();
    idle_.pop_back();
    AION_TRY_VOID(begin(*lane, *due));
  }
  return {};
}

Result<void> LoadGenerator::begin(Lane& lane, TimePoint intended) {
  ++begun_;
  ++busy_;
  lane.is_busy = true;
  lane.sent = 0;
  lane.intended = intended;
  lane.begun = now();
  return go_on_sending(lane);
}

Result<void> LoadGenerator::go_on_sending(Lane& lane) {
  while (lane.is_busy && lane.sent < config_.request.size()) {
    const ssize_t count = ::send(lane.socket.get(),
                                 config_.request.data() + lane.sent,
                                 config_.request.size() - lane.sent,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) {
      return {};
    }
    if (count < 0 && errno != EINTR) {
      return fail(lane, std::string("the request could not be sent: ") + std::strerror(errno));
    }
    lane.sent += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  }
  return {};
}

Result<void> LoadGenerator::receive(Lane& lane, bool has_ended) {
  static thread_local std::array<char, 1U << 18U> bytes;
  for (;;) {
    const ssize_t count = ::recv(lane.socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0 && errno == EAGAIN) {
      return {};
    }
    if (count <= 0) {
      const std::string reason =
          count == 0 ? "the server closed the connection" : std::strerror(errno);
      return lane.is_busy ? fail(lane, reason) : reconnect(lane);
    }
    if (!lane.is_busy) {
      return reconnect(lane);  // bytes that nobody asked for
    }
    const auto state = lane.reader.take({bytes.data(), static_cast<std::size_t>(count)});
    if (state == AnswerReader::State::Malformed) {
      return fail(lane, lane.reader.problem());
    }
    if (state == AnswerReader::State::Whole) {
      AION_TRY_VOID(finish(lane));
    }
    if (!has_ended && static_cast<std::size_t>(count) < bytes.size()) {
      return {};
    }
  }
}

Result<void> LoadGenerator::finish(Lane& lane) {
  report_.latency.record(now() - lane.intended);
  ++report_.answered;
  const int status = lane.reader.status();
  if (status < 200 || status > 299) {
    if (report_.not_ok++ == 0) {
      report_.failing_status = status;
      report_.failing_body = lane.reader.body();
    }
  }
  const bool closes = lane.reader.closes();
  lane.reader.next();
  lane.is_busy = false;
  --busy_;
  idle_.push_back(&lane);
  return closes ? reconnect(lane) : Result<void>();
}

Result<void> LoadGenerator::fail(Lane& lane, const std::string& reason) {
  if (report_.errors++ == 0) {
    report_.first_error = reason;
  }
  lane.is_busy = false;
  --busy_;
  idle_.push_back(&lane);
  return reconnect(lane);
}

Result<void> LoadGenerator::give_up_late() {
  const TimePoint at = now();
  for (Lane& lane : lanes_) {
    if (lane.is_busy && at - lane.begun > config_.answer_timeout) {
      const auto limit =
          std::chrono::duration_cast<std::chrono::milliseconds>(config_.answer_timeout);
      AION_TRY_VOID(fail(lane, "no answer within " + std::to_string(limit.count()) + " ms"));
    }
  }
  return {};
}

TimePoint LoadGenerator::next_wakeup() const {
  const TimePoint at = now();
  TimePoint wakeup = at + std::chrono::milliseconds(100);
  if (!idle_.empty()) {
    wakeup = std::min(wakeup, next_due(at).value_or(wakeup));
  }
  return std::max(wakeup, at);
}

Result<void> LoadGenerator::wait_for_events() {
  std::array<epoll_event, 256> events{};
  const auto left = std::max<std::int64_t>((next_wakeup() - now()).count(), 0);
  const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
  const int count = ::epoll_pwait2(
      epoll_.get(), events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    Lane& lane = *static_cast<Lane*>(event.data.ptr);
    if ((event.events & EPOLLOUT) != 0) {
      AION_TRY_VOID(go_on_sending(lane));
    }
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
      AION_TRY_VOID(receive(lane, (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0));
      AION_TRY_VOID(send_due());
    }
  }
  return {};
}

void LoadGenerator::count_unsent() {
  if (config_.requests_per_second && config_.request_count == 0) {
    const double seconds = std::chrono::duration<double>(config_.duration).count();
    const auto meant =
        static_cast<std::uint64_t>(std::ceil(seconds * *config_.requests_per_second));
    report_.unsent = meant > begun_ ? meant - begun_ : 0;
  }
}

}  // namespace

Result<LoadReport> generate_load(const LoadConfig& config) {
  if (config.connections == 0) {
    return Error{Code::InvalidArgument, "connections: expected at least 1, got 0"};
  }
  if (config.requests_per_second && !(*config.requests_per_second > 0)) {
    return Error{Code::InvalidArgument,
                 "requests per second: expected more than 0, got " +
                     std::to_string(*config.requests_per_second)};
  }
  return LoadGenerator(config).run();
}

}  // namespace aion::net
