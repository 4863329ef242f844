// What goes into a model of OpenVINO and what comes out of it.
#pragma once

#include <openvino/core/model.hpp>
#include <openvino/core/type/element_type.hpp>

#include "base/result.h"
#include "catalog/model/model.h"
#include "tensor/dtype.h"

namespace aion::runtime::openvino {

/// The type of OpenVINO, and back; Invalid and dynamic where the other side has none (int4,
/// float8), and for strings: version 2026.4.1 frees those of a run twice.
[[nodiscard]] tensor::DataType dtype_of(const ov::element::Type& type);
[[nodiscard]] ov::element::Type element_of(tensor::DataType dtype);

/// The model's own inputs and outputs, in its order. A tensor with several names has the one that
/// the file gives the input or output itself. Unimplemented names the input or output with
/// elements of a type that is not served; InvalidArgument the name that is there twice.
[[nodiscard]] Result<catalog::Signature> read_signature(const ov::Model& model);

}  // namespace aion::runtime::openvino
