#include "jobs/lifecycle.h"

#include <algorithm>
#include <array>

namespace aion::jobs {

namespace {

constexpr std::array<std::string_view, kStates> kStateNames{"blocked",
                                                            "preparing",
                                                            "queued",
                                                            "backing-off",
                                                            "starting",
                                                            "running",
                                                            "suspended",
                                                            "cancelling",
                                                            "requeueing",
                                                            "succeeded",
                                                            "failed",
                                                            "cancelled"};

constexpr std::array<std::string_view, kEvents> kEventNames{"dependencies met",
                                                            "dependency failed",
                                                            "environment ready",
                                                            "environment failed",
                                                            "granted",
                                                            "started",
                                                            "ended with 0",
                                                            "ended badly",
                                                            "ended, tries left",
                                                            "back-off over",
                                                            "cancel",
                                                            "suspend",
                                                            "resume",
                                                            "requeue"};

/// Before anything of it runs.
std::optional<State> from_waiting(State state, Event event) {
  if (event == Event::Cancel) {
    return State::Cancelled;
  }
  switch (state) {
    case State::Blocked:
      return event == Event::DependenciesMet    ? std::optional(State::Preparing)
             : event == Event::DependencyFailed ? std::optional(State::Cancelled)
                                                : std::nullopt;
    case State::Preparing:
      return event == Event::EnvironmentReady    ? std::optional(State::Queued)
             : event == Event::EnvironmentFailed ? std::optional(State::Failed)
                                                 : std::nullopt;
    case State::Queued:
      return event == Event::Granted ? std::optional(State::Starting) : std::nullopt;
    default:  // BackingOff
      return event == Event::BackOffOver || event == Event::Requeue ? std::optional(State::Queued)
                                                                    : std::nullopt;
  }
}

std::optional<State> from_ended(Event event) {
  return event == Event::Ended          ? std::optional(State::Succeeded)
         : event == Event::EndedBadly   ? std::optional(State::Failed)
         : event == Event::EndedToRetry ? std::optional(State::BackingOff)
                                        : std::nullopt;
}

/// While a program of it may be alive, and nobody has asked it to end.
std::optional<State> from_live(State state, Event event) {
  switch (event) {
    case Event::Started:
      return state == State::Starting ? std::optional(State::Running) : std::nullopt;
    case Event::Suspend:
      return state == State::Running ? std::optional(State::Suspended) : std::nullopt;
    case Event::Resume:
      return state == State::Suspended ? std::optional(State::Running) : std::nullopt;
    case Event::Cancel:
      return State::Cancelling;
    case Event::Requeue:
      return State::Requeueing;
    default:
      return from_ended(event);
  }
}

/// While it is being stopped. It may end by itself before the signal comes, and then its status
/// counts: a job that has done its work is not done again.
std::optional<State> from_stopping(State state, Event event) {
  switch (event) {
    case Event::Started:
      return state;
    case Event::Ended:
      return State::Succeeded;
    case Event::EndedBadly:
    case Event::EndedToRetry:
      return state == State::Cancelling ? State::Cancelled : State::Queued;
    case Event::Cancel:
      return State::Cancelling;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string_view name_of(State state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

std::string_view name_of(Event event) {
  return kEventNames[static_cast<std::size_t>(event)];
}

std::optional<State> find_state(std::string_view name) {
  const auto* const found = std::ranges::find(kStateNames, name);
  return found == kStateNames.end()
             ? std::nullopt
             : std::optional(static_cast<State>(found - kStateNames.begin()));
}

std::optional<State> next(State state, Event event) {
  switch (state) {
    case State::Blocked:
    case State::Preparing:
    case State::Queued:
    case State::BackingOff:
      return from_waiting(state, event);
    case State::Starting:
    case State::Running:
    case State::Suspended:
      return from_live(state, event);
    case State::Cancelling:
    case State::Requeueing:
      return from_stopping(state, event);
    case State::Succeeded:
    case State::Failed:
    case State::Cancelled:
      break;  // nothing follows: a finished job is never run again
  }
  return std::nullopt;
}

}  // namespace aion::jobs
