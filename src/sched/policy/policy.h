// What makes one scheduling policy different from another: a value, not a class.
#pragma once

#include <cstdint>

#include "sched/policy/claim.h"
#include "sched/policy/order.h"

namespace aion::sched {

/// What becomes of the claims behind one that does not fit.
enum class Discipline : std::uint8_t {
  Strict,  // they wait: the head blocks
  Greedy,  // whatever fits starts, in order
  Easy,    // the head gets a reservation; what does not delay it may start (EASY backfilling; Lifka
           // 1995)
  Conservative,  // each claim gets a reservation when it comes, and is never put later (Mu'alem and
                 // Feitelson 2001)
  Preemptive,    // running claims are stopped for others that go before them
  Shares,        // the user who has had the least goes first (ShareQueue)
};

/// How long a claim is believed to run.
enum class Estimates : std::uint8_t {
  Requested,  // as its user asked for
  Actual,     // as the trace knows: clairvoyant, to measure against
  Tempered,   // between the request and what its user's claims use of theirs
              // (RuntimePredictor::temper)
  Predicted,  // as its user's last claims ran (RuntimePredictor), corrected when it is passed;
              // never above the request
};

struct Policy {
  Discipline discipline = Discipline::Easy;
  Order order = first_come;
  Order backfill = first_come;  // Easy: the order in which claims behind the head are tried
  Estimates ranking = Estimates::Requested;    // what orders go by
  Estimates estimates = Estimates::Requested;  // what reservations go by
  // Preemptive: what a claim that starts again runs longer, in ticks; the scheduler weighs it
  // before it stops one.
  Ticks restart_cost = 0;
  // Shares: in which half of what a user has used is forgotten; 0 = what it holds now counts.
  Ticks half_life = 0;
  Ticks quantum =
      0;  // Preemptive: decide at least this often while something waits; 0 = at events alone
};

}  // namespace aion::sched
