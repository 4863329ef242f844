// Shows the statistics of all loaded versions as metrics, with Triton's names where the meaning is
// equal.
#pragma once

#include <memory>

#include "base/metrics.h"
#include "serving/model_table.h"

namespace aion::serving {

/// Registers the families nv_inference_* and aion_inference_duration_seconds; they read the table
/// when asked.
void export_metrics(Metrics& metrics, std::shared_ptr<const ModelTable> table);

}  // namespace aion::serving
