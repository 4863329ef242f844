// The memory that the daemon and one worker process share: a ring in each direction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "runtime/backend/worker/descriptor.h"
#include "runtime/backend/worker/ring.h"

namespace aion::runtime::worker {

/// Of the wire form in messages.h; both sides must have the same.
inline constexpr std::uint32_t kWireVersion = 1;

/// A mapped memfd. It is sealed against changes of its size, so that the other side cannot make a
/// read fault.
class Region {
 public:
  /// A fresh one with two rings of `ring_bytes`, a power of two of at least kMinRingBytes.
  [[nodiscard]] static Result<Region> create(std::size_t ring_bytes);
  /// The one behind an inherited descriptor; FailedPrecondition when it is no region or of another
  /// wire version.
  [[nodiscard]] static Result<Region> attach(Descriptor descriptor);

  ~Region();
  Region(Region&& other) noexcept;
  Region& operator=(Region&&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }

  struct Ring {
    RingControl& control;
    std::span<std::byte> data;
  };
  [[nodiscard]] Ring to_worker() const;
  [[nodiscard]] Ring to_daemon() const;

 private:
  struct Header;
  Region(Descriptor descriptor, std::span<std::byte> memory, std::size_t ring_bytes)
      : descriptor_(std::move(descriptor)), memory_(memory), ring_bytes_(ring_bytes) {}
  [[nodiscard]] Header& header() const;

  Descriptor descriptor_;
  std::span<std::byte> memory_;
  std::size_t ring_bytes_;
};

}  // namespace aion::runtime::worker
