// What is wanted of devices, and what is held.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace aion::resource {

enum class DeviceKind : std::uint8_t { Cpu, Gpu, OpenCl, Simulated };

/// One device of the machine: "cpu:0", "gpu:1".
struct DeviceId {
  DeviceKind kind = DeviceKind::Cpu;
  std::uint32_t index = 0;

  auto operator<=>(const DeviceId&) const = default;
};

[[nodiscard]] std::string to_string(DeviceId device);

/// So much of something that an administrator has given a name: licences, slots of a camera.
struct NamedAmount {
  std::string name;
  double amount = 0;
};

/// An amount of one device. Fractions are held to the thousandth.
struct Quantity {
  double cores = 0;  // CPU cores, or the share of an accelerator in [0, 1]
  Bytes memory{};    // the device's own memory
  std::vector<NamedAmount> named{};
};

/// Whose the cores of a claim are.
enum class CoreUse : std::uint8_t {
  Any,     // so many, wherever the kernel finds them
  Pinned,  // these and nobody else's, whole ones: Lease::cpus()
  Lent,    // those of another lease, in turns with others: this one holds none
};

/// What somebody wants.
struct Claim {
  std::string holder;  // who, for people: "model resnet version 3"
  DeviceId device;
  Quantity quantity;
  CoreUse core_use = CoreUse::Any;
  TimePoint ends = kNever;  // when it is believed to be given back; kNever = nobody has said
};

/// What somebody holds. Given back once, when it is destroyed or released, whichever comes first.
/// An empty lease (default-made or moved from) holds nothing.
class Lease {
 public:
  using GiveBack = std::function<void(const Claim&)>;

  Lease() = default;
  Lease(Claim claim, GiveBack give_back, std::vector<std::uint32_t> cpus = {}, std::uint64_t id = 0)
      : claim_(std::move(claim)),
        give_back_(std::move(give_back)),
        cpus_(std::move(cpus)),
        id_(id) {}
  ~Lease() { release(); }
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;

  [[nodiscard]] bool is_held() const { return static_cast<bool>(give_back_); }
  [[nodiscard]] DeviceId device() const { return claim_.device; }
  /// As it was granted; the ledger may since have been told of other memory.
  [[nodiscard]] const Quantity& quantity() const { return claim_.quantity; }
  [[nodiscard]] const std::string& holder() const { return claim_.holder; }
  /// Pinned cores, as the kernel counts hardware threads; empty = none are its own.
  [[nodiscard]] const std::vector<std::uint32_t>& cpus() const { return cpus_; }
  /// By which the ledger that granted it knows it; 0 = no ledger has.
  [[nodiscard]] std::uint64_t id() const { return id_; }

  void release();

 private:
  Claim claim_;
  GiveBack give_back_;
  std::vector<std::uint32_t> cpus_;
  std::uint64_t id_ = 0;
};

}  // namespace aion::resource
