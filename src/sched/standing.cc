#include "sched/standing.h"

namespace aion::sched {
namespace {

std::string wants(const Standing& standing) {
  return "it wants " + std::to_string(standing.processors) + " of " +
         std::to_string(standing.capacity) + " processors";
}

}  // namespace

std::string describe(const Standing& standing, Ticks now) {
  if (standing.runs) {
    return "runs on " + std::to_string(standing.processors) + " processors, believed to end in " +
           std::to_string(standing.time - now);
  }
  if (standing.processors > standing.capacity) {
    return "never on this machine, because " + wants(standing);
  }
  std::string words = "waits, with " + std::to_string(standing.ahead) + " of " +
                      std::to_string(standing.waiting) +
                      " waiting claims before it: " + wants(standing) + ", " +
                      std::to_string(standing.free) + " are free";
  if (standing.processors > standing.free) {
    words += ", " + std::to_string(standing.processors - standing.free) + " are missing";
  } else {
    words += ", but they are kept for claims before it";
  }
  if (standing.time != kNever) {
    words += standing.is_reserved ? "; reserved to start in " : "; believed to start in ";
    words += std::to_string(standing.time - now);
  }
  return words;
}

}  // namespace aion::sched
