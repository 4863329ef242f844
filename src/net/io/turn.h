// How connections share an io thread, and how they part, whatever they speak.
#pragma once

#include <algorithm>
#include <chrono>
#include <initializer_list>

namespace aion::net {

/// So many reads in a row one connection gets before the others have their turn.
inline constexpr int kReadsPerTurn = 16;

/// How long a client that gets no more answers may go on sending before it is cut off. Without this
/// wait the last answer could be lost: closing a socket with unread bytes makes the kernel reset
/// the connection.
inline constexpr std::chrono::seconds kDrainTime{2};

/// How often connections are looked at. Timeouts need no better than a tenth of the shortest, and
/// none below a second is usual.
inline std::chrono::milliseconds tick_of(
    std::initializer_list<std::chrono::milliseconds> timeouts) {
  using std::chrono::milliseconds;
  return std::clamp(std::min(timeouts) / 10, milliseconds(1), milliseconds(1000));
}

}  // namespace aion::net
