// Whether something that is wanted could be had now, and if not, why and when.
#pragma once

#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "resource/ledger.h"

namespace aion::native {

/// Reads {"claims":[{"device":"cpu:0","cores":2,"memory_bytes":1073741824,"named":{"licence":1},
/// "core_use":"any"}]}: a gang of 1 to 1,000 claims. What is left out is nothing; the device is the
/// ledger's first one, core_use "any", "pinned" or "lent".
/// InvalidArgument or NotFound names the field, what was expected and what came.
[[nodiscard]] Result<std::vector<resource::Claim>> parse_claims(std::string_view body,
                                                                const resource::Ledger& ledger);

/// {"fits","never","starts_in_s","text","lacks":[{"device","what","wanted","free","capacity"}],
///  "holders":[see to_json(Holding)]}; starts_in_s is 0 when it fits and null when nobody has said.
[[nodiscard]] Json explain_json(const resource::Prospect& prospect, TimePoint now);

}  // namespace aion::native
