// Models, what they hold and how busy they are, as JSON.
#pragma once

#include "base/json.h"
#include "base/task.h"
#include "resource/ledger.h"
#include "serving/model_server.h"

namespace aion::native {

/// {"models":[{"name","version","state","reason","waiting","requests","failed","rows","runs",
///   "total_ns","queue_ns","run_ns","leases":[see to_json(Holding)]}]}
/// Counts and times are totals since the version was loaded; a model that was never loaded has
/// version 0.
[[nodiscard]] Task<Json> activity_json(const serving::ModelServer& server,
                                       const resource::Ledger& ledger);

}  // namespace aion::native
