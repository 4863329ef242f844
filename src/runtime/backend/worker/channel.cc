#include "runtime/backend/worker/channel.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <sys/eventfd.h>

namespace aion::runtime::worker {

namespace {

constexpr int kRecordsAtOnce = 256;

Error queue_is_full(std::size_t limit) {
  return Error{Code::ResourceExhausted,
               std::to_string(limit) + " requests are waiting for the worker process already"};
}

Error is_gone() {
  return Error{Code::Unavailable, "the worker process is gone"};
}

}  // namespace

Result<Descriptor> make_bell() {
  Descriptor bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!bell.is_open()) {
    return Error{Code::ResourceExhausted,
                 std::string("cannot make an eventfd: ") + std::strerror(errno)};
  }
  return bell;
}

void ring_bell(int descriptor) {
  const std::uint64_t one = 1;
  // It fails only when the counter is at its maximum, and then the other side has been rung.
  [[maybe_unused]] const auto written = ::write(descriptor, &one, sizeof(one));
}

void silence_bell(int descriptor) {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(descriptor, &count, sizeof(count));
}

Channel::Channel(Region region, Bells bells, Side side, Receiving::IsWanted is_wanted)
    : region_(std::move(region)),
      bells_(std::move(bells)),
      writer_(side == Side::Daemon ? region_.to_worker().control : region_.to_daemon().control,
              side == Side::Daemon ? region_.to_worker().data : region_.to_daemon().data),
      reader_(side == Side::Daemon ? region_.to_daemon().control : region_.to_worker().control,
              side == Side::Daemon ? region_.to_daemon().data : region_.to_worker().data),
      receiving_(std::move(is_wanted)) {}

Result<void> Channel::send(const Message& message, std::size_t queue_limit) {
  AION_TRY(Sending sending, Sending::create(message));
  std::unique_lock lock(mutex_);
  if (is_closed_) {
    return is_gone();
  }
  if (queue_limit > 0 && queue_.size() >= queue_limit) {
    return queue_is_full(queue_limit);
  }
  queue_.push_back(Queued{std::move(sending)});
  write_queue(lock);
  return {};
}

Result<void> Channel::send_when_room(const Message& message, std::size_t queue_limit) {
  AION_TRY(Sending sending, Sending::create(message));
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return is_closed_ || queue_.size() < queue_limit; });
  if (is_closed_) {
    return is_gone();
  }
  queue_.push_back(Queued{std::move(sending)});
  write_queue(lock);
  return {};
}

bool Channel::withdraw(Kind kind, std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  return std::erase_if(queue_, [&](const Queued& queued) {
           return !queued.is_begun && queued.sending.kind() == kind && queued.sending.id() == id;
         }) > 0;
}

Result<void> Channel::pump() {
  std::unique_lock lock(mutex_);
  write_queue(lock);
  return broken_ ? Result<void>(*broken_) : Result<void>();
}

void Channel::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  std::erase_if(queue_, [](const Queued& queued) { return !queued.is_begun; });
  room_.notify_all();
}

void Channel::write_queue(std::unique_lock<std::mutex>& lock) {
  if (is_writing_) {
    must_look_again_ = true;
    return;
  }
  is_writing_ = true;
  const auto wake = [this] {
    ring_bell(bells_.peer.get());
  };
  while (!queue_.empty() && !is_closed_) {
    Queued& first = queue_.front();
    first.is_begun = true;
    must_look_again_ = false;
    lock.unlock();
    const auto progress = first.sending.write(writer_, wake);
    lock.lock();
    if (!progress) {
      broken_ = progress.error();
      is_closed_ = true;
      ring_bell(bells_.own.get());
      break;
    }
    if (*progress == Sending::Progress::Finished) {
      queue_.pop_front();
      room_.notify_one();
    } else if (!must_look_again_) {
      break;  // the other side will ring when there is room
    }
  }
  is_writing_ = false;
}

Result<void> Channel::receive(const Take& take) {
  for (int records = 0; records < kRecordsAtOnce; ++records) {
    AION_TRY(const auto header, reader_.next());
    if (!header) {
      return {};
    }
    AION_TRY(auto message, receiving_.accept(*header, reader_));
    if (reader_.pop()) {
      ring_bell(bells_.peer.get());
    }
    if (message) {
      AION_TRY_VOID(take(*std::move(message)));
    }
  }
  return {};
}

}  // namespace aion::runtime::worker
