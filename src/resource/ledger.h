// Who holds how much of which device: the only place where that is known.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "resource/lease/lease.h"

namespace aion::resource {

/// What the ledger knows of one lease that is out.
struct Holding {
  Claim claim;
  std::uint64_t id;  // in the order of granting
};

/// The ledger of a machine with one device. It grants every claim on that device and keeps account
/// of what is out; limits come with the full ledger.
///
/// Thread safety: all methods may be called from any thread. Leases may outlive the ledger.
class Ledger {
 public:
  explicit Ledger(DeviceId device);

  [[nodiscard]] DeviceId device() const { return device_; }

  /// A lease, or NotFound when the claim names a device that this machine does not have.
  [[nodiscard]] Result<Lease> take(Claim claim);

  /// What is out now, in the order of granting.
  [[nodiscard]] std::vector<Holding> holdings() const;

 private:
  struct Book;
  DeviceId device_;
  std::shared_ptr<Book> book_;
};

}  // namespace aion::resource
