#include "sched/backfill_room.h"

#include <algorithm>

namespace aion::sched {

void take_windows(const Books& books, Ticks now, CapacityProfile& profile) {
  for (const ReservedWindow& window : books.calendar().windows()) {
    const AdvanceReservation& kept = window.kept;
    if (kept.end > now) {
      profile.change(std::max(kept.start, now), kept.end, -kept.processors);
    }
  }
}

CapacityProfile believed_profile(const Books& books, Ticks now) {
  CapacityProfile profile(books.capacity());
  books.running().walk([](const RunningSummary&) { return true; },
                       [](const RunningSummary&) {},
                       [&](const RunningEntry& entry) {
                         // What is over its time may end at any moment.
                         profile.change(now, std::max(entry.ends, now + 1), -entry.processors);
                         return true;
                       });
  take_windows(books, now, profile);
  return profile;
}

BackfillRoom::BackfillRoom(const Books& books, const Record& head, Ticks now) {
  if (books.calendar().is_empty()) {
    shadow_ = books.shadow_for(head.claim.processors);
    return;
  }
  profile_ = believed_profile(books, now);
  if (head.claim.processors <= books.capacity()) {
    // By its request, as the windows are guarded: by a shorter estimate it would seem to fit before
    // one where it may not start, and would lose the time behind it to others.
    const Ticks start = profile_->earliest(head.claim.processors, head.claim.request, now);
    profile_->change(start, start + head.claim.request, -head.claim.processors);
  }
}

bool BackfillRoom::take(std::int32_t processors, Ticks estimate, Ticks now) {
  if (profile_) {
    if (!profile_->fits(processors, now, now + estimate)) {
      return false;
    }
    profile_->change(now, now + estimate, -processors);
    return true;
  }
  const bool ends_in_time = estimate <= shadow_.time - now;
  if (!ends_in_time) {
    if (processors > shadow_.extra) {
      return false;
    }
    shadow_.extra -= processors;
  }
  return true;
}

}  // namespace aion::sched
