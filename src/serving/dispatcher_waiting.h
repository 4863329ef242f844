// A request that waits in the dispatcher. Only for the dispatcher's own sources.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "serving/dispatcher.h"

namespace aion::serving {

/// It is continued once: by the step that takes it out of the state Queued.
struct Dispatcher::Waiting : Waiter {
  enum class State : std::uint8_t { New, Queued, Granted, Refused };

  std::shared_ptr<Queue> queue;
  Executor home;  // where it was spawned
  State state = State::New;
  std::optional<Resume> resume;
  Error refusal{Code::Internal, ""};  // why, in the state Refused
  Turn turn;                          // in the state Granted
};

/// Whether it goes by another rule than the order's.
[[nodiscard]] inline bool is_urgent(const QueueHead& head) {
  return head.deadline != kNever || head.criticality != Criticality::Normal;
}

/// Why a request is refused that `cost` would make late.
[[nodiscard]] inline Error hopeless(Duration cost) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(cost).count();
  return {Code::Unavailable,
          "the deadline cannot be met any more: the run alone takes about " + std::to_string(us) +
              " us"};
}

}  // namespace aion::serving
