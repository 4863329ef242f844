// What may start beside the reservation of the first claim that waits.
#pragma once

#include <optional>

#include "sched/books.h"
#include "sched/capacity_profile.h"

namespace aion::sched {

/// Without windows it is two numbers: when the head will start and what it leaves over then. Where
/// windows are kept the head may have to start behind one, and a claim may have to end before one,
/// so it is the whole profile of what is believed to be free.
///
/// It holds until something ends, or the books change otherwise than by what is started through it.
class BackfillRoom {
 public:
  BackfillRoom() = default;
  /// The head does not start at `now`.
  BackfillRoom(const Books& books, const Record& head, Ticks now);

  /// False when none of the claims that need at least so much has room.
  [[nodiscard]] bool may_hold(const WaitingSummary& least, Ticks now) const {
    return profile_ || least.estimate <= shadow_.time - now || least.processors <= shadow_.extra;
  }
  /// Takes the room for a claim from `now` on, if there is some. Windows are guarded by requests,
  /// which is for Books::is_kept_off to say.
  bool take(std::int32_t processors, Ticks estimate, Ticks now);

 private:
  Shadow shadow_;
  std::optional<CapacityProfile> profile_;
};

/// What is believed to be free from `now` on beside what runs, by estimates, and beside windows.
[[nodiscard]] CapacityProfile believed_profile(const Books& books, Ticks now);
/// Takes the windows out of a profile that begins at `now`.
void take_windows(const Books& books, Ticks now, CapacityProfile& profile);

}  // namespace aion::sched
