#include "tensor/tensor.h"

#include <cstring>
#include <new>

#include "base/assert.h"

namespace aion::tensor {

namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector register
constexpr std::size_t kLengthBytes = 4;

std::uint32_t read_length(const std::byte* at) {
  std::uint32_t length = 0;
  std::memcpy(&length, at, kLengthBytes);  // the wire and this machine are little-endian
  return length;
}

/// How many elements the wire holds up to the first that is cut off.
std::size_t whole_elements(std::span<const std::byte> wire) {
  std::size_t whole = 0;
  while (wire.size() >= kLengthBytes) {
    const std::size_t length = read_length(wire.data());
    if (length > wire.size() - kLengthBytes) {
      break;
    }
    wire = wire.subspan(kLengthBytes + length);
    ++whole;
  }
  return whole;
}

Error bytes_do_not_fit(std::size_t wanted, std::size_t read, std::string_view what) {
  return Error{Code::InvalidArgument,
               "BYTES data holds " + std::to_string(read) + " whole elements, expected " +
                   std::to_string(wanted) + ": " + std::string(what)};
}

}  // namespace

std::string to_string(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t extent : shape) {
    text.append(text.size() > 1 ? "," : "").append(std::to_string(extent));
  }
  return text + "]";
}

Result<std::int64_t> element_count(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0) {
      return Error{Code::InvalidArgument, "shape " + to_string(shape) + " has a negative extent"};
    }
    if (__builtin_mul_overflow(count, extent, &count)) {
      return Error{Code::InvalidArgument,
                   "shape " + to_string(shape) + " has more than 2^63-1 elements"};
    }
  }
  return count;
}

Buffer::Writable Buffer::allocate(std::size_t bytes) {
  auto* memory = static_cast<std::byte*>(
      ::operator new (bytes == 0 ? 1 : bytes, std::align_val_t{kAlignment}));
  const auto free = [](const std::byte* p) {
    ::operator delete (const_cast<std::byte*>(p), std::align_val_t{kAlignment});
  };
  std::shared_ptr<const std::byte> owner(memory, free);
  return {Buffer{memory, bytes, MemoryKind::Host, 0, std::move(owner)}, memory};
}

Buffer Buffer::of(SharedBytes bytes) {
  return Buffer{bytes.data, bytes.size, MemoryKind::Host, 0, std::move(bytes.owner)};
}

std::size_t Tensor::count() const {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    count *= extent;
  }
  return static_cast<std::size_t>(count);
}

std::string_view Tensor::bytes_at(std::size_t index) const {
  AION_ASSERT(offsets && index + 1 < offsets->size());
  const std::uint64_t begin = (*offsets)[index];
  return data.text().substr(begin, (*offsets)[index + 1] - begin);
}

Result<Tensor> bytes_from_wire(std::span<const std::byte> wire, Shape shape) {
  AION_TRY(const std::int64_t extent, element_count(shape));
  const auto count = static_cast<std::size_t>(extent);
  if (count > wire.size() / kLengthBytes) {
    return bytes_do_not_fit(
        count,
        whole_elements(wire),
        "each takes at least 4 bytes, and there are only " + std::to_string(wire.size()));
  }
  auto offsets = std::make_shared<std::vector<std::uint64_t>>();
  offsets->reserve(count + 1);
  offsets->push_back(0);
  auto [data, out] = Buffer::allocate(wire.size() - count * kLengthBytes);
  std::size_t at = 0;
  std::size_t filled = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (wire.size() - at < kLengthBytes) {
      return bytes_do_not_fit(count, i, "the length of the next one is cut off");
    }
    const std::size_t length = read_length(wire.data() + at);
    at += kLengthBytes;
    if (length > wire.size() - at || filled + length > data.bytes) {
      return bytes_do_not_fit(
          count, i, "the next one says " + std::to_string(length) + " bytes, which are not there");
    }
    std::memcpy(out + filled, wire.data() + at, length);
    at += length;
    filled += length;
    offsets->push_back(filled);
  }
  if (at != wire.size()) {
    return bytes_do_not_fit(
        count, count, std::to_string(wire.size() - at) + " bytes are left over");
  }
  return Tensor{DataType::Bytes, std::move(shape), std::move(data), std::move(offsets)};
}

Tensor bytes_from_values(std::span<const std::string_view> values, Shape shape) {
  std::size_t total = 0;
  for (const std::string_view value : values) {
    total += value.size();
  }
  auto offsets = std::make_shared<std::vector<std::uint64_t>>();
  offsets->reserve(values.size() + 1);
  offsets->push_back(0);
  auto [data, out] = Buffer::allocate(total);
  std::size_t filled = 0;
  for (const std::string_view value : values) {
    if (!value.empty()) {
      std::memcpy(out + filled, value.data(), value.size());
    }
    filled += value.size();
    offsets->push_back(filled);
  }
  return Tensor{DataType::Bytes, std::move(shape), std::move(data), std::move(offsets)};
}

std::size_t wire_size(const Tensor& tensor) {
  if (tensor.dtype != DataType::Bytes) {
    return tensor.data.bytes;
  }
  return tensor.count() * kLengthBytes + tensor.data.bytes;
}

void append_wire(const Tensor& tensor, std::string& out) {
  if (tensor.dtype != DataType::Bytes) {
    out.append(tensor.data.text());
    return;
  }
  out.reserve(out.size() + wire_size(tensor));
  for (std::size_t i = 0; i < tensor.count(); ++i) {
    const std::string_view value = tensor.bytes_at(i);
    const auto length = static_cast<std::uint32_t>(value.size());
    out.append(reinterpret_cast<const char*>(&length), kLengthBytes).append(value);
  }
}

}  // namespace aion::tensor
