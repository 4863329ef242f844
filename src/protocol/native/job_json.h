// Jobs as JSON.
#pragma once

#include "base/json.h"
#include "jobs/job.h"

namespace aion::native {

/// {"number","id","name","user","state","reason","array","array_index","submitted_ms","started_ms",
/// "ended_ms","attempt","failures","engine","where","level","leases":[...],"end":{...}} and, when
/// `with_spec`, "spec" with all that was asked for. Times are milliseconds since 1970, null where
/// they have not come.
[[nodiscard]] Json to_json(const jobs::Job& job, bool with_spec);

/// {"at_ms","from","to","event","words"}
[[nodiscard]] Json to_json(const jobs::Transition& step);

}  // namespace aion::native
