// A tensor: element type, shape, and the memory that holds the elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "tensor/dtype.h"

namespace aion::tensor {

/// Extents, outermost first. In a signature -1 stands for any extent; in a tensor every one is >=
/// 0.
using Shape = std::vector<std::int64_t>;

/// "[1,16]"
[[nodiscard]] std::string to_string(std::span<const std::int64_t> shape);

/// The product of the extents (1 for rank 0); InvalidArgument for a negative extent or a product
/// over 2^63-1.
[[nodiscard]] Result<std::int64_t> element_count(std::span<const std::int64_t> shape);

enum class MemoryKind : std::uint8_t { Host, Pinned, Cuda, SharedRegion, MappedFile };

/// A stretch of memory somewhere, kept alive by `owner`. The bytes of a request are never written
/// after the buffer was made; a buffer may be read by many threads.
struct Buffer {
  const std::byte* data = nullptr;
  std::size_t bytes = 0;
  MemoryKind kind = MemoryKind::Host;
  int device = 0;  // index of the device whose memory it is; 0 for host kinds
  std::shared_ptr<const void> owner;

  [[nodiscard]] std::span<const std::byte> span() const { return {data, bytes}; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(data), bytes};
  }

  /// A fresh host buffer, aligned to 64 bytes and not initialised, and the pointer through which to
  /// fill it.
  struct Writable;
  static Writable allocate(std::size_t bytes);
  /// A view of shared bytes; no copy.
  static Buffer of(SharedBytes bytes);
};

struct Buffer::Writable {
  Buffer buffer;
  std::byte* data;
};

/// Elements in row-major order, little-endian, unpadded. A fixed-size type holds `element_count *
/// element_size` bytes in `data`. For Bytes, element i is data[offsets[i], offsets[i+1]): `offsets`
/// holds element_count + 1 ascending values.
struct Tensor {
  DataType dtype = DataType::Invalid;
  Shape shape;
  Buffer data;
  std::shared_ptr<const std::vector<std::uint64_t>> offsets;  // only for Bytes

  [[nodiscard]] bool is_present() const { return dtype != DataType::Invalid; }
  [[nodiscard]] std::size_t count() const;  // elements
  /// Element `index` of a Bytes tensor.
  [[nodiscard]] std::string_view bytes_at(std::size_t index) const;
};

/// The wire form of BYTES: for each element a little-endian u32 length, then the bytes.
/// Reads exactly `count` elements; InvalidArgument tells what was too short or left over.
[[nodiscard]] Result<Tensor> bytes_from_wire(std::span<const std::byte> wire, Shape shape);
/// A Bytes tensor out of separate strings; `values.size()` must be the shape's element count.
[[nodiscard]] Tensor bytes_from_values(std::span<const std::string_view> values, Shape shape);
/// Bytes of the wire form; equals data.bytes for fixed-size types.
[[nodiscard]] std::size_t wire_size(const Tensor& tensor);
/// Appends the wire form to `out`.
void append_wire(const Tensor& tensor, std::string& out);

}  // namespace aion::tensor
