#include "base/json_dom.h"

#include <charconv>
#include <optional>
#include <string>

namespace aion {

namespace {
// Triton's 100 levels of 'data' stand inside {"inputs":[{"data":..., and their bound is checked
// where the field's name is known.
constexpr std::size_t kMaxDepth = 128;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The end of the number that begins at `at`.
std::size_t end_of_number(std::string_view text, std::size_t at) {
  const std::size_t end = text.find_first_not_of("0123456789+-.eE", at);
  return end == std::string_view::npos ? text.size() : end;
}

bool exceeds_64_bits(std::string_view number) {
  if (number.find_first_of(".eE") != std::string_view::npos) {
    return false;
  }
  std::int64_t negative = 0;
  std::uint64_t positive = 0;
  const char* const end = number.data() + number.size();
  const auto read = number.front() == '-' ? std::from_chars(number.data(), end, negative)
                                          : std::from_chars(number.data(), end, positive);
  return read.ec == std::errc::result_out_of_range && read.ptr == end;
}

/// The text with every integer beyond 64 bits written as a double, which simdjson takes; nothing
/// when there is none.
std::optional<std::string> with_large_integers_as_doubles(std::string_view text) {
  std::string changed;
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        at += text[at] == '\\' ? 1 : 0;
      }
      ++at;
    } else if (is_digit(text[at]) || text[at] == '-') {
      const std::size_t begin = at;
      at = end_of_number(text, begin);
      if (exceeds_64_bits(text.substr(begin, at - begin))) {
        changed.append(text.substr(copied, at - copied)).append("e0");
        copied = at;
      }
    } else {
      ++at;
    }
  }
  if (copied == 0) {
    return std::nullopt;
  }
  return changed.append(text.substr(copied));
}

}  // namespace

Result<JsonElement> JsonParser::parse(std::span<const std::byte> text, std::size_t padding_after) {
  if (text.empty()) {  // simdjson would copy from a null pointer
    return Error{Code::InvalidArgument, "malformed JSON: there is none"};
  }
  const std::string_view chars(reinterpret_cast<const char*>(text.data()), text.size());
  simdjson::dom::element root;
  auto failed = read(chars, padding_after < simdjson::SIMDJSON_PADDING, root);
  if (failed && failed != simdjson::MEMALLOC) {
    if (const auto changed = with_large_integers_as_doubles(chars)) {
      failed = read(*changed, true, root);
    }
  }
  if (failed == simdjson::MEMALLOC) {
    return Error{Code::ResourceExhausted,
                 std::string("no memory to parse JSON: ") + simdjson::error_message(failed)};
  }
  if (failed) {
    return Error{Code::InvalidArgument,
                 std::string("malformed JSON: ") + simdjson::error_message(failed)};
  }
  return root;
}

simdjson::error_code JsonParser::read(std::string_view text,
                                      bool must_copy,
                                      simdjson::dom::element& root) {
  if (parser_.max_depth() != kMaxDepth || parser_.capacity() < text.size()) {
    const auto failed = parser_.allocate(std::max<std::size_t>(text.size(), 4096), kMaxDepth);
    if (failed) {
      return failed;
    }
  }
  return parser_.parse(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), must_copy)
      .get(root);
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
