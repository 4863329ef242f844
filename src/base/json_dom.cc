#include "base/json_dom.h"

#include <string>

namespace aion {

namespace {
// Triton's 100 levels of 'data' stand inside {"inputs":[{"data":..., and their bound is checked
// where the field's name is known.
constexpr std::size_t kMaxDepth = 128;
}  // namespace

Result<JsonElement> JsonParser::parse(std::span<const std::byte> text, std::size_t padding_after) {
  if (text.empty()) {  // simdjson would copy from a null pointer
    return Error{Code::InvalidArgument, "malformed JSON: there is none"};
  }
  if (parser_.max_depth() != kMaxDepth || parser_.capacity() < text.size()) {
    const auto failed = parser_.allocate(std::max<std::size_t>(text.size(), 4096), kMaxDepth);
    if (failed) {
      return Error{Code::ResourceExhausted,
                   std::string("no memory to parse JSON: ") + simdjson::error_message(failed)};
    }
  }
  simdjson::dom::element root;
  const bool must_copy = padding_after < simdjson::SIMDJSON_PADDING;
  const auto failed =
      parser_.parse(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), must_copy)
          .get(root);
  if (failed) {
    return Error{Code::InvalidArgument,
                 std::string("malformed JSON: ") + simdjson::error_message(failed)};
  }
  return root;
}

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text);
}

void JsonParser::shrink(std::size_t keep) {
  if (parser_.capacity() > keep) {
    parser_ = simdjson::dom::parser{};
  }
}

}  // namespace aion
