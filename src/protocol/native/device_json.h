// Devices, and who holds what of them, as JSON.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "resource/ledger.h"
#include "resource/machine.h"

namespace aion::native {

/// {"devices":[{"id","name","uuid","parent","capacity":{"cores","memory_bytes","named":{}},
///   "free":{...},"usage":{"busy","memory_bytes","watts",...},"faults":[],"trouble","facts":{},
///   "leases":[{"holder","cores","core_use","memory_bytes","named":{},"cpus":[]}]}],
///  "pressure":{"cpu":{"some_10s",...},...},"troubles":[]}
/// Nobody knows what is not in `usage` and `pressure`. Asks drivers: it may block.
[[nodiscard]] Json devices_json(resource::Machine& machine,
                                const resource::Ledger& ledger,
                                TimePoint now);

[[nodiscard]] Json to_json(const resource::Holding& holding);

}  // namespace aion::native
