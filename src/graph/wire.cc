#include "graph/wire.h"

namespace aion::graph {

namespace {

Error broken(std::uint64_t at, const std::string& what) {
  return Error{Code::InvalidArgument,
               "the file is no ONNX model: " + what + " at byte " + std::to_string(at)};
}

}  // namespace

Result<std::uint64_t> FieldReader::varint() {
  std::uint64_t value = 0;
  for (std::uint32_t shift = 0; shift < 64; shift += 7) {
    if (at_ >= end_) {
      return broken(at_, "a number is cut off");
    }
    AION_TRY(const std::byte part, source_.byte(at_));
    ++at_;
    value |= std::to_integer<std::uint64_t>(part & std::byte{0x7f}) << shift;
    if ((part & std::byte{0x80}) == std::byte{0}) {
      return value;
    }
  }
  return broken(at_, "a number has more than 10 bytes");
}

Result<std::uint64_t> FieldReader::fixed(std::uint32_t bytes) {
  if (end_ - at_ < bytes) {
    return broken(at_, "a number is cut off");
  }
  std::uint64_t value = 0;
  for (std::uint32_t i = 0; i < bytes; ++i) {
    AION_TRY(const std::byte part, source_.byte(at_));
    ++at_;
    value |= std::to_integer<std::uint64_t>(part) << (8 * i);
  }
  return value;
}

Result<std::optional<Field>> FieldReader::next() {
  if (at_ >= end_) {
    return std::optional<Field>();
  }
  const std::uint64_t begin = at_;
  AION_TRY(const std::uint64_t tag, varint());
  Field field;
  field.number = static_cast<std::uint32_t>(tag >> 3U);
  if (tag >> 3U == 0 || tag >> 32U != 0) {
    return broken(begin, "a field has no number");
  }
  switch (tag & 7U) {
    case 0: {
      AION_TRY(field.value, varint());
      return std::optional(field);
    }
    case 1: {
      AION_TRY(field.value, fixed(8));
      return std::optional(field);
    }
    case 5: {
      AION_TRY(field.value, fixed(4));
      return std::optional(field);
    }
    case 2: {
      AION_TRY(const std::uint64_t size, varint());
      if (size > end_ - at_) {
        return broken(begin, "a field is longer than what holds it");
      }
      field.kind = Field::Kind::Bytes;
      field.range = {at_, size};
      at_ += size;
      return std::optional(field);
    }
    default:
      return broken(begin, "a field has a type that ONNX does not use");
  }
}

Result<std::optional<std::uint64_t>> FieldReader::next_packed(std::uint32_t bytes) {
  if (at_ >= end_) {
    return std::optional<std::uint64_t>();
  }
  AION_TRY(const std::uint64_t value, bytes == 0 ? varint() : fixed(bytes));
  return std::optional(value);
}

}  // namespace aion::graph
