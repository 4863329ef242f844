// The wire format of protobuf, field by field: https://protobuf.dev/programming-guides/encoding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/model.h"
#include "graph/source.h"

namespace aion::graph {

/// One field of a message.
struct Field {
  enum class Kind : std::uint8_t { Number, Bytes };
  std::uint32_t number = 0;
  Kind kind = Kind::Number;
  std::uint64_t value = 0;  // Number: as it was written; of 4 bytes: their bits
  FileRange range;          // Bytes: where they lie, within the message
};

/// Walks over the fields of one message; what lies in a field is not read.
///
/// Thread safety: none. The source outlives it.
class FieldReader {
 public:
  FieldReader(Source& source, FileRange message)
      : source_(source), at_(message.offset), end_(message.offset + message.size) {}

  /// The next field, nothing at the end; InvalidArgument where the bytes are none.
  [[nodiscard]] Result<std::optional<Field>> next();
  /// The next number of a packed list, nothing at the end. `bytes` is 0 for a varint, else 4 or 8.
  [[nodiscard]] Result<std::optional<std::uint64_t>> next_packed(std::uint32_t bytes);

 private:
  [[nodiscard]] Result<std::uint64_t> varint();
  [[nodiscard]] Result<std::uint64_t> fixed(std::uint32_t bytes);

  Source& source_;
  std::uint64_t at_;
  std::uint64_t end_;
};

}  // namespace aion::graph
