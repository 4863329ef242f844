#include "runtime/backend/worker/conversation.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <poll.h>

namespace aion::runtime::worker {

namespace {

using std::chrono::steady_clock;

Error nonsense(const std::string& what) {
  return Error{Code::Internal, "malformed message: " + what};
}

/// Rounded up, so that a wait does not end just before the deadline again and again.
int milliseconds_until(const std::optional<steady_clock::time_point>& deadline) {
  if (!deadline) {
    return -1;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - steady_clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace

Result<std::shared_ptr<StopSignal>> StopSignal::create() {
  AION_TRY(Descriptor bell, make_bell());
  return std::make_shared<StopSignal>(std::move(bell));
}

Result<std::unique_ptr<Conversation>> Conversation::start(Party party) {
  AION_TRY(Region region, Region::create(party.options.ring_bytes));
  Channel::Bells bells;
  AION_TRY(bells.own, make_bell());
  AION_TRY(bells.peer, make_bell());
  const std::array<int, 3> inherited{region.descriptor(), bells.peer.get(), bells.own.get()};
  const Process::Program program{party.options.program, party.options.arguments};
  AION_TRY(Process process, Process::start(program, inherited));
  RunTable& runs = party.runs;
  const auto is_wanted = [&runs](Kind kind, std::uint64_t id) {
    return (kind != Kind::Response && kind != Kind::Done) || runs.find(id) != nullptr;
  };
  auto channel =
      std::make_shared<Channel>(std::move(region), std::move(bells), Side::Daemon, is_wanted);
  std::unique_ptr<Conversation> talk(
      new Conversation(std::move(party), std::move(channel), std::move(process)));
  AION_TRY_VOID(talk->greet());
  return talk;
}

Result<void> Conversation::greet() {
  deadline_ = steady_clock::now() + party_.options.hello_limit;
  const Message open{Kind::Open, 0, encode(party_.opening), {}};
  return channel_->send(open);
}

Result<void> Conversation::take(Message message) {
  switch (message.kind) {
    case Kind::Hello:
      return take_hello(message);
    case Kind::Opened: {
      if (stage_ != Stage::Greeted) {
        return stage_ == Stage::Stopping ? Result<void>()
                                         : nonsense("the version was opened out of turn");
      }
      AION_TRY(auto signature, decode_signature(message.body));
      deadline_.reset();
      stage_ = Stage::Open;
      return party_.opened(std::move(signature), channel_);
    }
    case Kind::Refused: {
      AION_TRY(const Outcome outcome, decode_outcome(message.body));
      if (outcome.result || stage_ == Stage::Open) {
        return nonsense("a refusal without a reason or out of turn");
      }
      refusal_ = outcome.result.error();
      return {};
    }
    case Kind::Response:
      return take_response(std::move(message));
    case Kind::Done:
      return take_done(message);
    default:
      return nonsense("of kind " + std::to_string(static_cast<int>(message.kind)) +
                      ", which a worker does not send");
  }
}

Result<void> Conversation::take_hello(const Message& message) {
  AION_TRY(const std::uint32_t version, decode_hello(message.body));
  if (stage_ == Stage::Stopping) {
    return {};
  }
  if (version != kWireVersion || stage_ != Stage::Started) {
    return nonsense("greeted out of turn or with wire version " + std::to_string(version) +
                    " instead of " + std::to_string(kWireVersion));
  }
  stage_ = Stage::Greeted;
  deadline_ = steady_clock::now() + party_.options.open_limit;
  return {};
}

Result<void> Conversation::take_response(Message message) {
  AION_TRY(Parameters parameters, decode_parameters(message.body));
  const auto run = party_.runs.find(message.id);
  if (!run) {
    return {};  // cancelled meanwhile
  }
  return run->deliver(Response{std::move(message.tensors), std::move(parameters)});
}

Result<void> Conversation::take_done(const Message& message) {
  AION_TRY(Outcome outcome, decode_outcome(message.body));
  if (const auto run = party_.runs.find(message.id)) {
    party_.runs.remove(message.id);
    run->end_as_told(std::move(outcome.result));
  }
  return {};
}

Result<void> Conversation::exchange() {
  silence_bell(channel_->bell());
  silence_bell(party_.stop->bell());
  AION_TRY_VOID(channel_->receive([this](Message message) { return take(std::move(message)); }));
  AION_TRY_VOID(channel_->pump());
  if (party_.stop->is_set() && stage_ != Stage::Stopping) {
    ask_to_stop();
  }
  return {};
}

void Conversation::ask_to_stop() {
  stage_ = Stage::Stopping;
  deadline_ = steady_clock::now() + party_.options.stop_limit;
  const Message stop{Kind::Stop, 0, {}, {}};
  static_cast<void>(
      channel_->send(stop));  // a process that cannot hear it is killed at the deadline
}

bool Conversation::has_hung_up() {
  std::array<pollfd, 3> waits{pollfd{channel_->bell(), POLLIN, 0},
                              pollfd{party_.stop->bell(), POLLIN, 0},
                              pollfd{process_.life(), 0, 0}};
  const bool may_sleep = channel_->may_sleep();
  ::poll(waits.data(), waits.size(), may_sleep ? milliseconds_until(deadline_) : 0);
  return waits[2].revents != 0;
}

bool Conversation::is_overdue() const {
  return deadline_ && steady_clock::now() >= *deadline_;
}

Ending Conversation::listen() {
  for (;;) {
    if (auto exchanged = exchange(); !exchanged) {
      return end(Ending::Cause::Spoilt, std::move(exchanged).error());
    }
    if (refusal_) {
      return end(Ending::Cause::Refused, *refusal_);
    }
    if (has_hung_up()) {
      return ended_by_itself();
    }
    if (is_overdue()) {
      const auto cause = stage_ == Stage::Stopping ? Ending::Cause::Stopped : Ending::Cause::Silent;
      return end(cause,
                 Error{Code::Unavailable,
                       stage_ == Stage::Greeted ? "took too long to open the model"
                                                : "said nothing after its start"});
    }
  }
}

Ending Conversation::end(Ending::Cause cause, Error why) {
  channel_->close();
  static_cast<void>(process_.end());
  return Ending{cause, std::move(why)};
}

Ending Conversation::ended_by_itself() {
  const std::string how = process_.end();
  // What it said before its end stands, and the ring holds it still: at most so many records.
  const auto is_taken = [this] {
    return !exchange() || channel_->may_sleep();
  };
  for (std::size_t left = party_.options.ring_bytes / sizeof(RecordHeader); left > 0 && !is_taken();
       --left) {}
  channel_->close();
  if (refusal_) {
    return Ending{Ending::Cause::Refused, *refusal_};
  }
  const auto cause = stage_ == Stage::Stopping ? Ending::Cause::Stopped : Ending::Cause::Died;
  return Ending{cause, Error{Code::Unavailable, how}};
}

}  // namespace aion::runtime::worker
