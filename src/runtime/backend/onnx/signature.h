// What goes into a loaded ONNX model and what comes out of it.
#pragma once

#include "base/result.h"
#include "catalog/model/model.h"
#include "runtime/backend/onnx/library.h"
#include "tensor/dtype.h"

namespace aion::runtime::onnx {

/// The type of ONNX, and back; Invalid and UNDEFINED where the other side has none (complex
/// numbers, float8, int4).
[[nodiscard]] tensor::DataType dtype_of(ONNXTensorElementDataType type);
[[nodiscard]] ONNXTensorElementDataType onnx_type_of(tensor::DataType dtype);

/// The session's own inputs and outputs, in the file's order; symbolic and unknown extents are -1,
/// an unknown rank is 0. Initialisers that may be overridden are no inputs. Unimplemented names the
/// input or output that is no tensor (a sequence, a map, an optional) or whose elements the house
/// has no type for.
[[nodiscard]] Result<catalog::Signature> read_signature(const Library& library,
                                                        OrtSession* session);

}  // namespace aion::runtime::onnx
