// A model whose clients give and get other shapes than its backend knows.
#pragma once

#include <memory>

#include "runtime/backend/backend.h"

namespace aion::runtime {

/// Whether any input or output has another shape inside (TensorSpec::inner_shape).
[[nodiscard]] bool has_inner_shapes(const catalog::Signature& signature);

/// The signature with which a backend opens the model: with the inner shapes.
[[nodiscard]] catalog::Signature inner_signature(catalog::Signature signature);

/// The same model with the shapes of `outer`, the signature as it was configured. Tensors share
/// their memory, since only shapes differ. A run fails with Internal when the backend gives an
/// output of which the outer shape cannot be told.
[[nodiscard]] std::unique_ptr<Instance> reshaped(std::unique_ptr<Instance> instance,
                                                 const catalog::Signature& outer);

}  // namespace aion::runtime
