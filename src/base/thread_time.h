// How much of a core the calling thread has used.
#pragma once

#include "base/clock.h"

namespace aion {

/// Since the thread began: its work without the time in which others had its core. Takes a system
/// call.
[[nodiscard]] Duration thread_cpu_time();

}  // namespace aion
