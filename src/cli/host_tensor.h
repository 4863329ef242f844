// Tensors as the command line reads and writes them: whole, in this process's memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "tensor/tensor.h"

namespace aion::cli {

/// Row-major, little-endian, unpadded; for BYTES the protocol's wire form.
struct HostTensor {
  std::string name;
  tensor::DataType dtype = tensor::DataType::Invalid;
  tensor::Shape shape;
  std::string data;
};

/// Reads an array as numpy.save() writes it: format 1.0 to 3.0, little-endian, C order, of
/// booleans, integers or floats. InvalidArgument tells what is not so.
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
[[nodiscard]] Result<HostTensor> read_npy(const std::filesystem::path& file);

/// Writes format 1.0. InvalidArgument for BYTES and BF16, which numpy has no plain type for.
[[nodiscard]] Result<void> write_npy(const HostTensor& tensor, const std::filesystem::path& file);

/// Element `index` of a fixed-size type as a number; bool as 0 or 1.
[[nodiscard]] double number_at(const HostTensor& tensor, std::size_t index);

/// Appends `value` converted to `dtype`; whole-number types round to nearest and saturate.
void append_number(double value, tensor::DataType dtype, std::string& out);

}  // namespace aion::cli
