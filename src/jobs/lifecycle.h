// The states of a job and every way from one to another: one pure function, and its table for
// people.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace aion::jobs {

enum class State : std::uint8_t {
  Blocked,     // waits for other jobs
  Preparing,   // its environment is being made
  Queued,      // waits for its turn, and for what it claims
  BackingOff,  // has failed, and waits before it is tried again
  Starting,    // has its lease; the engine has been asked
  Running,
  Suspended,   // frozen where it stands; keeps its memory
  Cancelling,  // is being stopped, for good
  Requeueing,  // is being stopped, to wait again
  Succeeded,
  Failed,
  Cancelled,
};
inline constexpr std::size_t kStates = 12;

enum class Event : std::uint8_t {
  DependenciesMet,
  DependencyFailed,
  EnvironmentReady,
  EnvironmentFailed,
  Granted,       // the scheduler has decided, and the ledger has given
  Started,       // the program runs
  Ended,         // with status 0
  EndedBadly,    // in any other way, and is not tried again
  EndedToRetry,  // the same, and has tries left
  BackOffOver,
  Cancel,   // somebody asks
  Suspend,  // somebody asks, or the scheduler
  Resume,
  Requeue,  // somebody asks, or the scheduler stops it for another
};
inline constexpr std::size_t kEvents = 14;

[[nodiscard]] std::string_view name_of(State state);
[[nodiscard]] std::string_view name_of(Event event);
[[nodiscard]] std::optional<State> find_state(std::string_view name);

[[nodiscard]] constexpr bool is_final(State state) {
  return state == State::Succeeded || state == State::Failed || state == State::Cancelled;
}
/// Whether a program of it may be alive: it has a lease, and an attempt at the engine.
[[nodiscard]] constexpr bool is_live(State state) {
  return state == State::Starting || state == State::Running || state == State::Suspended ||
         state == State::Cancelling || state == State::Requeueing;
}

/// Where `event` leads from `state`; none = it means nothing there, and is refused when somebody
/// asks for it. What a state's entry asks of the engine and the ledger is the service's.
[[nodiscard]] std::optional<State> next(State state, Event event);

}  // namespace aion::jobs
