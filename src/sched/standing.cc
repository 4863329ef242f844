#include "sched/standing.h"

namespace aion::sched {
namespace {

std::string wants(const Standing& standing) {
  return "it wants " + std::to_string(standing.processors) + " of " +
         std::to_string(standing.capacity) + " processors";
}

/// A time as it stands to `now`.
std::string when(Ticks time, Ticks now) {
  return time >= now ? "in " + std::to_string(time - now) : std::to_string(now - time) + " ago";
}

std::string name_of(const WindowSummary& window) {
  return "reservation " + std::to_string(window.id);
}

/// What keeps it from the processors that are free.
std::string reason(const Standing& standing, Ticks now) {
  if (standing.processors > standing.free) {
    return std::to_string(standing.processors - standing.free) + " are missing";
  }
  if (standing.inside && standing.inside->kept.start > now) {
    return "from its start " + when(standing.inside->kept.start, now);
  }
  if (standing.inside) {
    return "but they are kept for claims before it, or it may run for longer than the reservation "
           "does, which ends " +
           when(standing.inside->kept.end, now);
  }
  if (standing.obstacle) {
    const AdvanceReservation& kept = standing.obstacle->kept;
    return "but it might still run when " + name_of(*standing.obstacle) + " needs " +
           std::to_string(kept.processors) + ", which begins " + when(kept.start, now) +
           " and ends " + when(kept.end, now);
  }
  return "but they are kept for claims before it";
}

}  // namespace

std::string describe(const Standing& standing, Ticks now) {
  if (standing.runs) {
    const std::string inside = standing.inside ? " of " + name_of(*standing.inside) : "";
    return "runs on " + std::to_string(standing.processors) + " processors" + inside +
           ", believed to end in " + std::to_string(standing.time - now);
  }
  if (standing.processors > standing.capacity) {
    return "never on this machine, because " + wants(standing);
  }
  std::string words = standing.inside ? "waits inside " + name_of(*standing.inside) : "waits";
  words += ", with " + std::to_string(standing.ahead) + " of " + std::to_string(standing.waiting) +
           " waiting claims before it: " + wants(standing) + ", ";
  if (standing.kept > 0) {
    words += std::to_string(standing.kept) + " are kept by reservations, ";
  }
  words += std::to_string(standing.free) + " are free, " + reason(standing, now);
  if (standing.time != kNever) {
    words += standing.is_reserved ? "; reserved to start in " : "; believed to start in ";
    words += std::to_string(standing.time - now);
  }
  return words;
}

}  // namespace aion::sched
