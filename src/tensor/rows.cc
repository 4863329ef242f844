#include "tensor/rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace aion::tensor {

namespace {

/// The elements of one row.
std::size_t row_elements(const Tensor& tensor) {
  std::size_t elements = 1;
  for (const std::int64_t extent : std::span(tensor.shape).subspan(1)) {
    elements *= static_cast<std::size_t>(extent);
  }
  return elements;
}

/// Elements `begin` to `end`, whose offsets then begin at 0.
Tensor bytes_between(const Tensor& tensor, std::size_t begin, std::size_t end) {
  const auto& offsets = *tensor.offsets;
  auto cut = std::make_shared<std::vector<std::uint64_t>>();
  cut->reserve(end - begin + 1);
  for (std::size_t i = begin; i <= end; ++i) {
    cut->push_back(offsets[i] - offsets[begin]);
  }
  Tensor part = tensor;
  part.data.data += offsets[begin];
  part.data.bytes = offsets[end] - offsets[begin];
  part.offsets = std::move(cut);
  return part;
}

std::shared_ptr<const std::vector<std::uint64_t>> joined_offsets(
    std::span<const Tensor* const> parts) {
  auto joined = std::make_shared<std::vector<std::uint64_t>>(1, 0);
  for (const Tensor* const part : parts) {
    const std::uint64_t before = joined->back() - part->offsets->front();
    for (const std::uint64_t offset : std::span(*part->offsets).subspan(1)) {
      joined->push_back(before + offset);
    }
  }
  return joined;
}

/// Where the elements of the tensor lie: for Bytes its offsets may begin behind the buffer's begin.
std::span<const std::byte> elements_of(const Tensor& tensor) {
  if (tensor.dtype != DataType::Bytes) {
    return tensor.data.span();
  }
  const std::size_t begin = tensor.offsets->front();
  return tensor.data.span().subspan(begin, tensor.offsets->back() - begin);
}

}  // namespace

std::int64_t row_count(const Tensor& tensor) {
  return tensor.shape.empty() ? 0 : tensor.shape.front();
}

bool has_same_rows(const Tensor& a, const Tensor& b) {
  return a.dtype == b.dtype && a.shape.size() == b.shape.size() && !a.shape.empty() &&
         std::equal(a.shape.begin() + 1, a.shape.end(), b.shape.begin() + 1);
}

Tensor join_rows(std::span<const Tensor* const> parts) {
  AION_ASSERT(!parts.empty());
  Tensor joined;
  joined.dtype = parts.front()->dtype;
  joined.shape = parts.front()->shape;
  joined.shape.front() = 0;
  std::size_t bytes = 0;
  for (const Tensor* const part : parts) {
    AION_ASSERT(has_same_rows(*part, *parts.front()));
    joined.shape.front() += row_count(*part);
    bytes += elements_of(*part).size();
  }
  auto [buffer, out] = Buffer::allocate(bytes);
  for (const Tensor* const part : parts) {
    const auto elements = elements_of(*part);
    if (!elements.empty()) {
      std::memcpy(out, elements.data(), elements.size());
      out += elements.size();
    }
  }
  joined.data = std::move(buffer);
  if (joined.dtype == DataType::Bytes) {
    joined.offsets = joined_offsets(parts);
  }
  return joined;
}

Tensor rows_of(const Tensor& tensor, std::int64_t begin, std::int64_t count) {
  AION_ASSERT(begin >= 0 && count >= 0 && begin + count <= row_count(tensor));
  const std::size_t per_row = row_elements(tensor);
  const std::size_t first = static_cast<std::size_t>(begin) * per_row;
  const std::size_t elements = static_cast<std::size_t>(count) * per_row;
  Tensor part;
  if (tensor.dtype == DataType::Bytes) {
    part = bytes_between(tensor, first, first + elements);
  } else {
    const std::size_t size = element_size(tensor.dtype);
    part = tensor;
    part.data.data += first * size;
    part.data.bytes = elements * size;
  }
  part.shape.front() = count;
  return part;
}

}  // namespace aion::tensor
