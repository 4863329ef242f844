// What of a machine may be leased.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "resource/ledger.h"
#include "resource/machine.h"

namespace aion::resource {

/// All of every device, and on the first one what an administrator has named: "licence=4".
///
/// fails   InvalidArgument    a name that is none, or an amount that is no number from zero up
///         Unavailable        the machine has no device at all, with the probes' reasons
[[nodiscard]] Result<std::vector<Capacity>> capacities_of(const Machine& machine,
                                                          const std::vector<std::string>& named);

}  // namespace aion::resource
