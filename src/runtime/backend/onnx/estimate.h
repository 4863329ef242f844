// What an ONNX model is believed to need, before ONNX Runtime has seen it.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/bytes.h"
#include "base/result.h"

namespace aion::runtime::onnx {

/// Bytes of host memory.
struct Needs {
  Bytes weights;  // exact: initialisers and constants
  Bytes packed;   // copies of weights in the order in which kernels read them
  Bytes session;  // what the library keeps beside them: nodes, kernels, names
  Bytes running;  // activations of one run, alive at the same time
  Bytes loading;  // beside all that while it is loaded
};

/// Bytes of the file itself.
[[nodiscard]] Bytes size_of(const std::filesystem::path& model);

/// Reads the structure of the file, not its weights. Open extents count 1, the batch counts `rows`.
/// Fails as graph::read_model() does.
[[nodiscard]] Result<Needs> estimate_needs(const std::filesystem::path& model, std::int64_t rows);

}  // namespace aion::runtime::onnx
