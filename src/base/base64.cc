#include "base/base64.h"

#include <array>
#include <cstdint>

namespace aion {

namespace {

constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

std::string_view without_padding(std::string_view text) {
  for (int i = 0; i < 2 && text.size() % 4 != 1 && text.ends_with('='); ++i) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

Result<std::string> from_base64(std::string_view text) {
  const std::string_view digits = without_padding(text);
  std::string bytes;
  bytes.reserve(digits.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(digits[i])];
    if (value == kNone) {
      return Error{Code::InvalidArgument,
                   "no base64: the character at position " + std::to_string(i) +
                       " is none of A-Z, a-z, 0-9, + and /"};
    }
    bits = bits << 6U | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>(bits >> static_cast<unsigned>(count) & 0xffU));
    }
  }
  const bool has_left =
      digits.size() % 4 == 1 || (bits & ((1U << static_cast<unsigned>(count)) - 1)) != 0;
  if (has_left) {
    return Error{
        Code::InvalidArgument,
        "no base64: it ends in the middle of a byte, at position " + std::to_string(digits.size())};
  }
  return bytes;
}

}  // namespace aion
