#include "protocol/kserve/infer_fault.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace aion::kserve {

namespace {

constexpr std::size_t kLongestQuote = 64;  // a message never repeats a long input whole

bool is_of_number(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

bool fits_no_type(std::string_view token) {
  double value = 0;
  return std::from_chars(token.data(), token.data() + token.size(), value).ec ==
         std::errc::result_out_of_range;
}

/// The end of the string that begins at `at`, behind its closing quote or at the end of the text.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    at += text[at] == '\\' ? 1 : 0;
  }
  return at < text.size() ? at + 1 : text.size();
}

/// Tells of the first number that no type holds; empty when there is none.
std::string number_out_of_range(std::string_view text) {
  std::string_view last_string;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = at;
    if (text[at] == '"') {
      at = end_of_string(text, at);
      last_string = text.substr(begin + 1, std::max(at - begin, std::size_t{2}) - 2);
    } else if (is_of_number(text[at])) {
      while (at < text.size() && is_of_number(text[at])) {
        ++at;
      }
      const std::string_view token = text.substr(begin, at - begin);
      if (fits_no_type(token)) {
        return "the number " + in_quotes(token) + " at byte " + std::to_string(begin) +
               ", behind " + in_quotes(last_string) + ", is beyond what a double holds";
      }
    } else {
      ++at;
    }
  }
  return {};
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string shown = "'";
  for (const char c : text.substr(0, kLongestQuote)) {
    shown += c >= ' ' && c <= '~' ? c : '?';
  }
  return shown + (text.size() > kLongestQuote ? "...'" : "'");
}

std::string described(JsonElement value) {
  if (std::string_view text; value.get(text) == simdjson::SUCCESS) {
    return in_quotes(text);
  }
  if (bool flag = false; value.get(flag) == simdjson::SUCCESS) {
    return flag ? "true" : "false";
  }
  if (std::int64_t number = 0; value.get(number) == simdjson::SUCCESS) {
    return std::to_string(number);
  }
  if (std::uint64_t number = 0; value.get(number) == simdjson::SUCCESS) {
    return std::to_string(number);
  }
  if (double number = 0; value.get(number) == simdjson::SUCCESS) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, number).ptr};
  }
  if (value.is_null()) {
    return "null";
  }
  return value.is_array() ? "an array" : "an object";
}

std::string indexed(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

Error must_be(std::string_view part,
              std::string_view field,
              std::string_view expected,
              std::string_view got) {
  std::string message = "Unable to parse '";
  message.append(part)
      .append("': ")
      .append(field)
      .append(" must be ")
      .append(expected)
      .append("; got ")
      .append(got);
  return Error{Code::InvalidArgument, std::move(message)};
}

Error no_json(std::string_view text, const Error& reason) {
  const std::string number = number_out_of_range(text);
  return Error{
      reason.code,
      "failed to parse the request JSON buffer: " + (number.empty() ? reason.message : number)};
}

}  // namespace aion::kserve
