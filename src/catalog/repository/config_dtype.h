// The element types of a model configuration in the house's words.
#pragma once

#include <catalog/repository/model_config.pb.h>

#include "tensor/dtype.h"

namespace aion::catalog {

/// Invalid for TYPE_INVALID and for numbers that the schema does not know.
[[nodiscard]] tensor::DataType dtype_of(inference::DataType type);

}  // namespace aion::catalog
