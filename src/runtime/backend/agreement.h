// What a configuration says of a model's inputs and outputs, held against what its file says.
#pragma once

#include "base/result.h"
#include "catalog/model/model.h"

namespace aion::runtime {

/// The configured signature where there is one, completed from the file's. A configured input or
/// output must be in the file with the same type and a shape that the file allows (any, where the
/// file's rank is 0 or unknown); every input of the file must be configured; outputs may be left
/// out and then are not offered. InvalidArgument names the tensor, what the file has and what was
/// configured.
[[nodiscard]] Result<catalog::Signature> agree(const catalog::Signature& configured,
                                               catalog::Signature file);

}  // namespace aion::runtime
