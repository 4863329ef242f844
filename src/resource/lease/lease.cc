#include "resource/lease/lease.h"

#include <array>
#include <string_view>
#include <utility>

namespace aion::resource {

std::string to_string(DeviceId device) {
  constexpr std::array<std::string_view, 4> kNames = {"cpu", "gpu", "opencl", "sim"};
  return std::string(kNames[static_cast<std::size_t>(device.kind)]) + ":" +
         std::to_string(device.index);
}

Lease::Lease(Lease&& other) noexcept
    : claim_(std::move(other.claim_)),
      give_back_(std::exchange(other.give_back_, nullptr)),
      cpus_(std::move(other.cpus_)),
      id_(other.id_) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release();
    claim_ = std::move(other.claim_);
    give_back_ = std::exchange(other.give_back_, nullptr);
    cpus_ = std::move(other.cpus_);
    id_ = other.id_;
  }
  return *this;
}

void Lease::release() {
  if (GiveBack give_back = std::exchange(give_back_, nullptr)) {
    give_back(claim_);
  }
}

}  // namespace aion::resource
