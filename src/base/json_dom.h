// JSON read at the speed of memory: for request bodies, where a document is mostly numbers.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <simdjson.h>

#include "base/result.h"

namespace aion {

using JsonElement = simdjson::dom::element;
using JsonObject = simdjson::dom::object;
using JsonArray = simdjson::dom::array;

/// Whether the text is UTF-8 throughout; the empty text is.
[[nodiscard]] bool is_utf8(std::string_view text);

/// Parses documents one after another and reuses its memory. One thread at a time; keep one per
/// thread or per connection. Elements of a document are valid until the next parse.
class JsonParser {
 public:
  /// The root, or InvalidArgument: "malformed JSON: ..." with simdjson's reason. At most 126 levels
  /// deep. An integer beyond 64 bits is the double next to it (RFC 8259, section 6). simdjson reads
  /// up to SIMDJSON_PADDING bytes past the end: the text is copied unless `padding_after` says that
  /// so many bytes behind it may be read.
  [[nodiscard]] Result<JsonElement> parse(std::span<const std::byte> text,
                                          std::size_t padding_after = 0);

  /// Gives back memory above `keep` bytes that a large document has left.
  void shrink(std::size_t keep);

 private:
  [[nodiscard]] simdjson::error_code read(std::string_view text,
                                          bool must_copy,
                                          simdjson::dom::element& root);

  simdjson::dom::parser parser_;
};

}  // namespace aion
