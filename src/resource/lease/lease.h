// What is wanted of devices, and what is held.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"

namespace aion::resource {

enum class DeviceKind : std::uint8_t { Cpu, Gpu, OpenCl, Simulated };

/// One device of the machine: "cpu:0", "gpu:1".
struct DeviceId {
  DeviceKind kind = DeviceKind::Cpu;
  std::uint32_t index = 0;

  auto operator<=>(const DeviceId&) const = default;
};

[[nodiscard]] std::string to_string(DeviceId device);

/// An amount of one device.
struct Quantity {
  double cores = 0;  // CPU cores, or the share of an accelerator in [0, 1]
  Bytes memory;      // the device's own memory
};

/// What somebody wants.
struct Claim {
  std::string holder;  // who, for people: "model resnet version 3"
  DeviceId device;
  Quantity quantity;
};

/// What somebody holds. Given back once, when it is destroyed or released, whichever comes first.
/// An empty lease (default-made or moved from) holds nothing.
class Lease {
 public:
  using GiveBack = std::function<void(const Claim&)>;

  Lease() = default;
  Lease(Claim claim, GiveBack give_back)
      : claim_(std::move(claim)), give_back_(std::move(give_back)) {}
  ~Lease() { release(); }
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;

  [[nodiscard]] bool is_held() const { return static_cast<bool>(give_back_); }
  [[nodiscard]] DeviceId device() const { return claim_.device; }
  [[nodiscard]] const Quantity& quantity() const { return claim_.quantity; }
  [[nodiscard]] const std::string& holder() const { return claim_.holder; }

  void release();

 private:
  Claim claim_;
  GiveBack give_back_;
};

}  // namespace aion::resource
