// The machine's devices as Prometheus metrics.
#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "resource/ledger.h"
#include "resource/machine.h"

namespace aion::daemon {

/// Triton's names where the meaning is equal (nv_gpu_..., nv_cpu_...), aion_device_... beside them.
/// Read on demand: a scrape asks the drivers. All outlive the metrics' reads.
void export_devices(Metrics& metrics,
                    resource::Machine& machine,
                    const resource::Ledger& ledger,
                    const Clock& clock);

}  // namespace aion::daemon
