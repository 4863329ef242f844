#include "runtime/backend/worker/serve.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/log.h"
#include "base/spawn.h"
#include "runtime/backend/worker/channel.h"
#include "runtime/backend/worker/process.h"
#include "runtime/backend/worker/wire.h"

namespace aion::runtime::worker {

namespace {

constexpr std::size_t kQueueLimit =
    64;  // messages that wait for the daemon to read; then the senders wait

/// Sends the answers of one run to the daemon; the run's thread waits while too many are queued.
class RemoteSink final : public ResponseSink {
 public:
  RemoteSink(Channel& channel, std::uint64_t id) : channel_(channel), id_(id) {}

  void send(Response response) override {
    if (outcome_) {
      const Message message{
          Kind::Response, id_, encode(response.parameters), std::move(response.outputs)};
      outcome_ = channel_.send_when_room(message, kQueueLimit);
    }
  }

  /// Why a response could not be sent.
  [[nodiscard]] const Result<void>& outcome() const { return outcome_; }

 private:
  Channel& channel_;
  std::uint64_t id_;
  Result<void> outcome_;
};

/// The state of the process. Messages are taken on the listening thread; runs end on any.
class Server {
 public:
  Server(Channel& channel, Executors& executors, const FindBackend& find)
      : channel_(channel), executors_(executors), find_(find) {}

  [[nodiscard]] Result<void> listen();

 private:
  [[nodiscard]] Result<void> take(Message message);
  [[nodiscard]] Result<void> take_open(const Message& message);
  [[nodiscard]] Result<void> take_run(Message message);
  void take_cancel(std::uint64_t id);
  void take_stop();
  void wait_for_bell();
  [[nodiscard]] bool is_done();
  void tell_opened(Result<std::unique_ptr<Instance>> opened);
  void tell_done(std::uint64_t id, const Result<void>& ended);
  void end_work(std::uint64_t id);

  // Coroutines. The server outlives them: listen() does not end while one is under way.
  [[nodiscard]] Awaitable<void> open(Opening opening);
  [[nodiscard]] Task<std::unique_ptr<Instance>> open_instance(Opening opening);
  [[nodiscard]] Awaitable<void> run(std::uint64_t id, Batch batch, CancelToken cancel);
  [[nodiscard]] Task<void> run_instance(Batch batch, CancelToken cancel, RemoteSink& sink);

  Channel& channel_;
  Executors& executors_;
  const FindBackend& find_;
  bool is_stopping_ = false;  // only the listening thread

  std::mutex mutex_;  // guards all below
  std::unique_ptr<Instance> instance_;
  std::map<std::uint64_t, CancelSource> under_way_;  // 0 = the opening
};

Result<void> Server::listen() {
  const Message hello{Kind::Hello, 0, encode_hello(), {}};
  AION_TRY_VOID(channel_.send(hello));
  while (!is_done()) {
    wait_for_bell();
    AION_TRY_VOID(channel_.receive([this](Message message) { return take(std::move(message)); }));
    AION_TRY_VOID(channel_.pump());
  }
  instance_.reset();
  return {};
}

void Server::wait_for_bell() {
  if (channel_.may_sleep()) {
    pollfd wait{channel_.bell(), POLLIN, 0};
    ::poll(&wait, 1, -1);
  }
  silence_bell(channel_.bell());
}

Result<void> Server::take(Message message) {
  switch (message.kind) {
    case Kind::Open:
      return take_open(message);
    case Kind::Run:
      return take_run(std::move(message));
    case Kind::Cancel:
      take_cancel(message.id);
      return {};
    case Kind::Shrink: {
      const std::scoped_lock lock(mutex_);
      if (instance_) {
        instance_->shrink();
      }
      return {};
    }
    case Kind::Stop:
      take_stop();
      return {};
    default:
      return Error{Code::Internal,
                   "malformed message: of kind " + std::to_string(static_cast<int>(message.kind)) +
                       ", which the daemon does not send"};
  }
}

Result<void> Server::take_open(const Message& message) {
  AION_TRY(Opening opening, decode_opening(message.body));
  {
    const std::scoped_lock lock(mutex_);
    under_way_.emplace(0, CancelSource());
  }
  spawn(executors_.blocking(), open(std::move(opening)));
  return {};
}

Awaitable<void> Server::open(Opening opening) {
  auto opened = co_await open_instance(std::move(opening));
  tell_opened(std::move(opened));
  end_work(0);
}

void Server::tell_opened(Result<std::unique_ptr<Instance>> opened) {
  Message answer{Kind::Opened, 0, {}, {}};
  if (opened) {
    answer.body = encode((*opened)->signature());
    const std::scoped_lock lock(mutex_);
    instance_ = *std::move(opened);
  } else {
    answer.kind = Kind::Refused;
    answer.body = encode(Outcome{std::move(opened).error()});
  }
  static_cast<void>(channel_.send(answer));  // without a daemon there is nobody to tell
}

Task<std::unique_ptr<Instance>> Server::open_instance(Opening opening) {
  AION_CO_TRY(Backend* const backend, find_(opening.version));
  // The ledger is the daemon's, and so is the lease; this one only tells the backend what it may
  // use.
  resource::Lease lease(std::move(opening.claim), [](const resource::Claim& /*claim*/) {});
  co_return co_await backend->open(std::move(opening.version), std::move(lease));
}

Result<void> Server::take_run(Message message) {
  AION_TRY(RunBody body, decode_run(message.body));
  const CancelSource source;
  {
    const std::scoped_lock lock(mutex_);
    if (!instance_) {
      return Error{Code::Internal, "malformed message: a run before the version is open"};
    }
    under_way_.emplace(message.id, source);
  }
  Batch batch{std::move(message.tensors), std::move(body.outputs), std::move(body.parameters)};
  spawn(executors_.compute(), run(message.id, std::move(batch), source.token()));
  return {};
}

Awaitable<void> Server::run(std::uint64_t id, Batch batch, CancelToken cancel) {
  RemoteSink sink(channel_, id);
  Result<void> ended = co_await run_instance(std::move(batch), std::move(cancel), sink);
  if (ended) {
    ended = sink.outcome();
  }
  tell_done(id, ended);
  end_work(id);
}

/// Apart from run(), because g++ 12 frees what a coroutine puts into an aggregate twice.
void Server::tell_done(std::uint64_t id, const Result<void>& ended) {
  Outcome outcome;
  outcome.result = ended;
  const Message done{Kind::Done, id, encode(outcome), {}};
  static_cast<void>(
      channel_.send_when_room(done, kQueueLimit));  // without a daemon there is nobody to tell
}

Task<void> Server::run_instance(Batch batch, CancelToken cancel, RemoteSink& sink) {
  const catalog::Signature& signature = instance_->signature();
  const auto is_output = [&](std::uint32_t output) {
    return output < signature.outputs.size();
  };
  if (batch.inputs.size() != signature.inputs.size() ||
      !std::ranges::all_of(batch.outputs, is_output)) {
    co_return Error{Code::Internal, "the request does not fit the signature of the version"};
  }
  co_return co_await instance_->run(std::move(batch), std::move(cancel), sink);
}

void Server::take_cancel(std::uint64_t id) {
  CancelSource source;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = under_way_.find(id);
    if (found == under_way_.end()) {
      return;  // it has ended meanwhile
    }
    source = found->second;
  }
  source.cancel();
}

void Server::take_stop() {
  is_stopping_ = true;
  std::map<std::uint64_t, CancelSource> under_way;
  {
    const std::scoped_lock lock(mutex_);
    under_way = under_way_;
  }
  for (auto& [id, source] : under_way) {
    source.cancel();
  }
}

bool Server::is_done() {
  const std::scoped_lock lock(mutex_);
  return is_stopping_ && under_way_.empty();
}

void Server::end_work(std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  under_way_.erase(id);
  ring_bell(channel_.bell());  // under the lock: listen() may end, and the channel with it, as soon
                               // as it is free
}

}  // namespace

Result<void> die_with_parent(long parent_pid) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent_pid) {
    return Error{Code::FailedPrecondition, "the process that started this worker has ended"};
  }
  return {};
}

Result<void> serve(Executors& executors, const FindBackend& find) {
  // The pipe stays open until this process ends; whatever it starts must not keep it open.
  if (::fcntl(kLifeDescriptor, F_SETFD, FD_CLOEXEC) != 0) {
    return Error{Code::FailedPrecondition,
                 std::string("not started by a daemon: descriptor 6: ") + std::strerror(errno)};
  }
  Channel::Bells bells{Descriptor(kWorkerBellDescriptor), Descriptor(kDaemonBellDescriptor)};
  ::fcntl(bells.own.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(bells.peer.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(kRegionDescriptor, F_SETFD, FD_CLOEXEC);
  AION_TRY(Region region, Region::attach(Descriptor(kRegionDescriptor)));
  const auto everything = [](Kind /*kind*/, std::uint64_t /*id*/) {
    return true;
  };
  Channel channel(std::move(region), std::move(bells), Side::Worker, everything);
  Server server(channel, executors, find);
  if (const auto served = server.listen(); !served) {
    const Log log;
    log.error("worker process ended", {{"reason", served.error().message}});
    ::_exit(1);
  }
  return {};
}

}  // namespace aion::runtime::worker
