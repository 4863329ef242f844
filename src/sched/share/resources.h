// Amounts of what a cluster has, kind by kind.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace aion::sched {

/// In this order: thousandths of a core, MiB, thousandths of a GPU, MiB of GPU memory.
enum class ResourceKind : std::uint8_t { Cpu, Memory, Gpu, GpuMemory };
inline constexpr std::size_t kResourceKinds = 4;

/// An amount of each kind: a plain value, which may be negative where it is a difference.
struct Resources {
  std::array<std::int64_t, kResourceKinds> amounts{};

  [[nodiscard]] constexpr std::int64_t& operator[](ResourceKind kind) {
    return amounts[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] constexpr std::int64_t operator[](ResourceKind kind) const {
    return amounts[static_cast<std::size_t>(kind)];
  }

  constexpr Resources& operator+=(const Resources& other) {
    for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
      amounts[kind] += other.amounts[kind];
    }
    return *this;
  }
  constexpr Resources& operator-=(const Resources& other) {
    for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
      amounts[kind] -= other.amounts[kind];
    }
    return *this;
  }

  /// Whether `other` has at least as much of every kind.
  [[nodiscard]] constexpr bool fits_in(const Resources& other) const {
    for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
      if (amounts[kind] > other.amounts[kind]) {
        return false;
      }
    }
    return true;
  }

  bool operator==(const Resources&) const = default;
};

}  // namespace aion::sched
