// Writes strings and the elements of tensors as JSON text.
#pragma once

#include <string>
#include <string_view>

#include "tensor/tensor.h"

namespace aion::kserve {

/// Appends the text in double quotes, escaped. It must be UTF-8.
void append_json_string(std::string_view text, std::string& out);

/// Appends the elements with commas between them, without brackets: floats in the shortest form
/// that reads back as the same value, always with a point or an exponent; non-finite ones as "NaN",
/// "Infinity", "-Infinity". FP16 and BF16 are written to the precision of a double, so that they
/// read back exactly. Bytes must be UTF-8.
void append_elements(const tensor::Tensor& tensor, std::string& out);

}  // namespace aion::kserve
