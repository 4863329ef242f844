#include "runtime/backend/worker/supervisor.h"

#include <algorithm>
#include <string>
#include <utility>

#include <poll.h>

namespace aion::runtime::worker {

namespace {

std::string process_of(const catalog::ModelVersion& version) {
  return "the worker process of model '" + version.name + "' version " +
         std::to_string(version.number);
}

Error unavailable(std::string message) {
  return Error{Code::Unavailable, std::move(message)};
}

bool is_same(const catalog::Signature& a, const catalog::Signature& b) {
  return encode(a) == encode(b);
}

}  // namespace

Result<std::shared_ptr<Supervisor>> Supervisor::create(catalog::ModelVersion version,
                                                       resource::Lease lease,
                                                       Clock& clock,
                                                       const WorkerOptions& options) {
  Opening opening{std::move(version), {lease.holder(), lease.device(), lease.quantity()}};
  std::shared_ptr<Supervisor> supervisor(
      new Supervisor(std::move(opening), std::move(lease), clock, options));
  AION_TRY(supervisor->stop_, StopSignal::create());
  return supervisor;
}

Supervisor::Supervisor(Opening opening,
                       resource::Lease lease,
                       Clock& clock,
                       const WorkerOptions& options)
    : opening_(std::move(opening)),
      lease_(std::move(lease)),
      clock_(clock),
      options_(options),
      runs_(unavailable(process_of(opening_.version) + " has not opened the model yet")),
      restart_delay_(options.first_restart_delay) {}

Result<catalog::Signature> Supervisor::start() {
  thread_ = std::thread([self = shared_from_this()] { self->supervise(); });
  return first_opening_.get_future().get();
}

void Supervisor::stop() {
  if (!thread_.joinable()) {
    return;
  }
  stop_->stop();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

void Supervisor::supervise() {
  for (;;) {
    const Ending ending = live();
    const Error why = tell(ending);
    runs_.close(why);
    if (!signature_) {
      first_opening_.set_value(ending.cause == Ending::Cause::Refused ? ending.why : why);
      return;
    }
    if (stop_->is_set()) {
      return;
    }
    wait_before_restart();
  }
}

Ending Supervisor::live() {
  opened_at_ = kNever;
  const auto on_opened = [this](catalog::Signature signature,
                                const std::shared_ptr<Channel>& channel) {
    return opened(std::move(signature), channel);
  };
  const Conversation::Party party{opening_, options_, runs_, stop_, on_opened};
  auto talk = Conversation::start(party);
  if (!talk) {
    return Ending{Ending::Cause::NotStarted, std::move(talk).error()};
  }
  return (*talk)->listen();
}

Result<void> Supervisor::opened(catalog::Signature signature,
                                const std::shared_ptr<Channel>& channel) {
  if (signature_ && !is_same(*signature_, signature)) {
    return Error{Code::FailedPrecondition,
                 "the model's inputs or outputs are not those of its first opening any more"};
  }
  opened_at_ = clock_.now();
  runs_.open(channel);
  if (!signature_) {
    signature_ = signature;
    first_opening_.set_value(std::move(signature));
  }
  return {};
}

Error Supervisor::tell(const Ending& ending) const {
  const std::string process = process_of(opening_.version);
  const std::string& why = ending.why.message;
  const std::string then =
      signature_ ? "; it is being started again" : " while it opened the model";
  switch (ending.cause) {
    case Ending::Cause::Stopped:
      return unavailable(process + " was stopped");
    case Ending::Cause::NotStarted:
      return signature_ ? unavailable(process + " could not be started again: " + why +
                                      "; it is being tried again")
                        : ending.why;
    case Ending::Cause::Refused:
      return unavailable(process + " could not open the model again: " + why +
                         "; it is being tried again");
    case Ending::Cause::Spoilt:
      return unavailable(process + " was killed for what it sent (" + why + ")" + then);
    case Ending::Cause::Silent:
      return unavailable(process + " was killed: it " + why + (signature_ ? then : ""));
    case Ending::Cause::Died:
      break;
  }
  return unavailable(process + " " + why + then);
}

void Supervisor::wait_before_restart() {
  const bool was_healthy =
      opened_at_ != kNever && clock_.now() - opened_at_ >= options_.healthy_after;
  const Duration delay = was_healthy ? options_.first_restart_delay : restart_delay_;
  restart_delay_ = std::min(2 * delay, options_.last_restart_delay);
  const TimePoint due = clock_.now() + delay;
  const auto timer = clock_.at(due, [stop = stop_] { stop->wake(); });
  while (!stop_->is_set() && clock_.now() < due) {
    pollfd wait{stop_->bell(), POLLIN, 0};
    ::poll(&wait, 1, -1);
    silence_bell(stop_->bell());
  }
}

}  // namespace aion::runtime::worker
