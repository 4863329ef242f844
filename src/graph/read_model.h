// Reads the structure of an ONNX file: nodes, attributes, shapes, the sizes of its weights.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "graph/model.h"

namespace aion::graph {

/// What a file may ask of the reader.
struct ReadLimits {
  Bytes kept = Bytes::mebi(256);  // of all that is kept of it, names and nodes
  std::uint32_t depth = 16;       // bodies inside bodies
};

/// The weights are not read: time and memory go with the number of nodes. Blocks on the disk.
///
/// fails   NotFound           there is no such file
///         InvalidArgument    it is no ONNX model: where, and what was expected
///         ResourceExhausted  it asks for more than the limits allow
///         Unavailable        reading fails
///
/// Thread safety: may be called from any thread.
[[nodiscard]] Result<Model> read_model(const std::filesystem::path& file, ReadLimits limits = {});
/// The same from memory.
[[nodiscard]] Result<Model> read_model(std::span<const std::byte> memory, ReadLimits limits = {});

}  // namespace aion::graph
