// What tells one content from another: a digest nobody can forge, and a check sum for damage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace aion {

/// SHA-256 (FIPS 180-4) of bytes that come piece by piece.
class Sha256 {
 public:
  Sha256();

  void add(std::span<const std::byte> bytes);

  /// The digest as 64 lower-case hexadecimal digits; nothing may be added after it.
  [[nodiscard]] std::string finish();

 private:
  struct State;
  struct Free {
    void operator()(State* state) const;
  };
  std::unique_ptr<State, Free> state_;
};

/// CRC-32 (ISO 3309) of the bytes: finds what broke, not what was changed on purpose.
[[nodiscard]] std::uint32_t crc32_of(std::span<const std::byte> bytes);

}  // namespace aion
