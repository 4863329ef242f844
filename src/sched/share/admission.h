// Who may have how much: what the plan asks before it places.
#pragma once

#include <cstdint>

#include "sched/share/resources.h"

namespace aion::sched {

using QueueIndex = std::uint32_t;  // a team's queue, interned by the driver

enum class Verdict : std::uint8_t {
  Granted,   // within its own quota
  Borrowed,  // out of what its cohort leaves idle
  Denied,    // neither
};

/// Who may have how much. The plan asks before it places, charges what it starts, and refunds what
/// ends; a refund takes a charge of the same amount back exactly.
class Admission {
 public:
  virtual ~Admission() = default;

  [[nodiscard]] virtual Verdict admits(QueueIndex queue, const Resources& wanted) const = 0;

  /// Whether stopping a claim of `victim` may make room within `queue`'s own quota: the queue of
  /// the victim has borrowed it.
  [[nodiscard]] virtual bool may_reclaim(QueueIndex queue,
                                         const Resources& wanted,
                                         QueueIndex victim) const = 0;

  virtual void charge(QueueIndex queue, const Resources& amount) = 0;
  virtual void refund(QueueIndex queue, const Resources& amount) = 0;
};

}  // namespace aion::sched
