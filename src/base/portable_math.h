// Functions of numbers that give the same bits on every machine, and random numbers made of them.
#pragma once

#include <cstdint>

namespace aion {

/// The natural logarithm of a finite x > 0, to about 1e-15 of its value. Only operations that IEEE
/// 754 rounds the same everywhere; those of libm differ in the last bit from one to the next.
[[nodiscard]] double portable_log(double x);

/// e to the power x, |x| <= 700, to about 1e-15 of its value.
[[nodiscard]] double portable_exp(double x);

/// SplitMix64 (Steele, Lea and Flood 2014) and distributions whose every bit follows from the seed.
class PortableRandom {
 public:
  explicit PortableRandom(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t bits();
  /// In (0, 1).
  [[nodiscard]] double uniform();
  /// 0 to count - 1; count > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t count);
  /// Mean 1.
  [[nodiscard]] double exponential();
  /// Mean 0, deviation 1 (Marsaglia's polar method).
  [[nodiscard]] double normal();
  /// shape >= 1, scale > 0 (Marsaglia and Tsang 2000).
  [[nodiscard]] double gamma(double shape, double scale);

 private:
  std::uint64_t state_;
};

}  // namespace aion
