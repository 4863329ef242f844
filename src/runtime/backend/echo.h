// The backend that answers with what it was asked: for lessons, tests and measurements of
// everything around a model.
#pragma once

#include <memory>

#include "base/clock.h"
#include "runtime/backend/backend.h"

namespace aion::runtime {

/// The backend "echo". It reads no file; the version's parameter "mode" says what it does:
///
/// identity  (the default) output i is input i. Without a signature: INPUT0 FP32 [-1] -> OUTPUT0
/// FP32 [-1]. delay     the same after "delay_ms" of the request's parameters, or else of the
/// version's, or else 0; at most an hour. repeat    IN INT32 [-1], DELAY UINT32 [-1], WAIT UINT32
/// [1] -> OUT INT32 [1], IDX UINT32 [1]: for each element of IN,
///           after DELAY[i] ms more, a response with the element and its index. The run ends when
///           all are sent, and not before WAIT ms after its beginning. The version must be
///           decoupled.
///
/// Buffers are passed on, never copied. Waits stand on the clock and hold no thread; a run that has
/// waited goes on on the executor that its coroutine was spawned on. The clock must outlive the
/// backend and its instances.
[[nodiscard]] std::unique_ptr<Backend> make_echo(Clock& clock);

}  // namespace aion::runtime
