// Starts the program of a spec, within all that limits it.
#pragma once

#include <sys/types.h>

#include "runtime/supervisor/spec.h"

namespace aion::supervisor {

/// What came of a start.
struct Start {
  pid_t process = -1;
  int error = 0;               // errno; 0 = it runs
  const char* what = nullptr;  // failed, for people: "the program"
};

/// The program runs, or nothing of it is left. Its output goes to `output`; it has no input; it is
/// killed when its supervisor dies.
[[nodiscard]] Start start_child(const Spec& spec, int output);

}  // namespace aion::supervisor
