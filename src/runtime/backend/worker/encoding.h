// Numbers and texts as bytes and back: little-endian, unpadded, every length checked when it is
// read.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace aion::runtime::worker {

class Encoder {
 public:
  template <class Number>
    requires std::is_arithmetic_v<Number>
  void number(Number value) { text_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    text_.append(value);
  }
  /// How many things follow.
  void count(std::size_t value) { number(static_cast<std::uint32_t>(value)); }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Reads in the order of writing. What cannot be read gives a zero and makes is_good() false for
/// good, so that one question at the end is enough.
class Decoder {
 public:
  explicit Decoder(std::string_view text) : rest_(text) {}

  template <class Number>
    requires std::is_arithmetic_v<Number> Number number() {
      if constexpr (std::is_same_v<Number, bool>) {
        return number<std::uint8_t>() != 0;
      } else {
        Number value{};
        const std::string_view bytes = take(sizeof(value));
        if (is_good_) {
          std::memcpy(&value, bytes.data(), sizeof(value));
        }
        return value;
      }
    }

  std::string text() { return std::string(take(number<std::uint32_t>())); }

  /// How many things of at least `least_bytes` each follow; bad when so many cannot.
  std::size_t count(std::size_t least_bytes) {
    const std::size_t things = number<std::uint32_t>();
    if (things > rest_.size() / least_bytes) {
      fail();
      return 0;
    }
    return things;
  }

  void fail() {
    is_good_ = false;
    rest_ = {};
  }
  [[nodiscard]] bool is_good() const { return is_good_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view take(std::size_t bytes) {
    if (bytes > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  std::string_view rest_;
  bool is_good_ = true;
};

}  // namespace aion::runtime::worker
