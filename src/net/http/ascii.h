// What HTTP/1.1 says about single characters (RFC 9110, section 5.6), independent of the locale.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace aion::net {

inline constexpr char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

inline bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) {
    return false;
  }
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] != right[i] && lower_case(left[i]) != lower_case(right[i])) {
      return false;
    }
  }
  return true;
}

namespace detail {

enum CharacterClass : std::uint8_t { kToken = 1, kValue = 2, kTarget = 4 };

constexpr std::array<std::uint8_t, 256> make_character_classes() {
  std::array<std::uint8_t, 256> classes{};
  constexpr std::string_view kTokenSigns = "!#$%&'*+-.^_`|~";
  for (unsigned c = 0; c < 256; ++c) {
    const bool is_alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_alphanumeric ||
        (c < 128 && kTokenSigns.find(static_cast<char>(c)) != std::string_view::npos)) {
      classes[c] |= kToken;
    }
    if (c == '\t' || (c >= 0x20 && c != 0x7F)) {
      classes[c] |= kValue;
    }
    if (c > 0x20 && c < 0x7F && c != '#') {
      classes[c] |= kTarget;
    }
  }
  return classes;
}

inline constexpr std::array<std::uint8_t, 256> kCharacterClasses = make_character_classes();

inline bool is_in(char c, CharacterClass wanted) {
  return (kCharacterClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}

}  // namespace detail

/// tchar: what methods and header names are made of.
inline bool is_token_character(char c) {
  return detail::is_in(c, detail::kToken);
}

inline bool is_token(std::string_view text) {
  return std::all_of(
      text.begin(), text.end(), [](char c) { return detail::is_in(c, detail::kToken); });
}

/// Visible ASCII without '#', which no request target may hold.
inline bool is_target(std::string_view text) {
  return std::all_of(
      text.begin(), text.end(), [](char c) { return detail::is_in(c, detail::kTarget); });
}

/// field-vchar, SP, HTAB and obs-text: what header values are made of; no control characters.
inline bool is_header_value(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighBits = kOnes << 7U;
  // Eight at a time: a byte below 0x20 or equal to 0x7F sets its high bit (Warren, Hacker's
  // Delight, 6-1); a false alarm only costs the slow look.
  while (text.size() >= 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data(), 8);
    const std::uint64_t is_control = (eight - kOnes * 0x20U) & ~eight;
    const std::uint64_t from_delete = eight ^ (kOnes * 0x7FU);
    const std::uint64_t is_delete = (from_delete - kOnes) & ~from_delete;
    if (((is_control | is_delete) & kHighBits) != 0) {
      break;
    }
    text.remove_prefix(8);
  }
  return std::all_of(
      text.begin(), text.end(), [](char c) { return detail::is_in(c, detail::kValue); });
}

/// The text without spaces and tabs at both ends.
inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace aion::net
