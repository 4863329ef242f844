// Who holds how much of which device: the only place where that is known.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "resource/lease/lease.h"
#include "resource/probe/device.h"

namespace aion::resource {

/// What there is of a device to be leased.
struct Capacity {
  DeviceId device;
  Quantity quantity;
  std::vector<Cpu> cpus{};  // of a CPU: those that may be pinned
};

/// One lease that is out.
struct Holding {
  Claim claim;
  std::uint64_t id = 0;               // in the order of granting
  std::vector<std::uint32_t> cpus{};  // pinned
};

/// How a device stands.
struct Balance {
  Capacity capacity;
  Quantity free;  // nothing is negative, even where a device has shrunk below what is out
};

/// One thing that a gang of claims lacks.
struct Lack {
  DeviceId device;
  std::string what;   // "cores", "bytes of memory" or a name
  double wanted = 0;  // by all its claims together
  double free = 0;
  double capacity = 0;  // less than wanted: it never fits
};

/// Whether claims could be granted now, and if not, why and when.
struct Prospect {
  std::vector<Lack> lacks;    // empty = they fit
  bool is_never = false;      // not even on an idle machine
  TimePoint starts = kNever;  // when enough is believed to be given back; kNever = nobody has said
  std::vector<Holding> holders;  // who holds what it lacks, the largest first
};

/// One sentence that a stranger understands: what is lacking, and who has it.
[[nodiscard]] std::string describe(const Prospect& prospect);
/// The same, and when it is believed to end.
[[nodiscard]] std::string describe(const Prospect& prospect, TimePoint now);

/// The account of a machine. Never grants more than there is; a gang of claims gets all or nothing.
///
/// Thread safety: all methods may be called from any thread. Leases may outlive the ledger.
class Ledger {
 public:
  /// At least one device; none twice; no more cores than CPUs to pin where there are such.
  explicit Ledger(std::vector<Capacity> capacities);
  /// Of one device that has more than anybody asks for.
  [[nodiscard]] static Ledger without_limit(DeviceId device);

  /// The first device: the one that serves models.
  [[nodiscard]] DeviceId device() const;

  /// fails   NotFound          the machine has no such device
  ///         InvalidArgument   an amount is no number from zero up, or pinned cores are not whole
  ///         ResourceExhausted there is not so much free, with what is lacking and who has it
  [[nodiscard]] Result<Lease> take(Claim claim);
  /// One lease for each claim, in their order, or none.
  [[nodiscard]] Result<std::vector<Lease>> take_all(std::vector<Claim> gang);

  /// Somebody holds this already, on these CPUs, since before the ledger was made: a program that
  /// has outlived the daemon. Granted though there may not be so much any more; what it holds
  /// nobody else is given.
  ///
  /// fails   NotFound, InvalidArgument as take()
  [[nodiscard]] Result<Lease> adopt(Claim claim, std::vector<std::uint32_t> cpus);

  /// A lease that is out turned out to hold more memory, or less.
  ///
  /// fails   NotFound          it has been given back
  ///         InvalidArgument   more memory than can be counted
  ///         ResourceExhausted there is not so much free: it keeps what it was granted
  [[nodiscard]] Result<void> set_memory(std::uint64_t lease, Bytes memory);

  /// What stands in the way of these claims. Fails as take() does on what can never be asked.
  [[nodiscard]] Result<Prospect> prospect(std::span<const Claim> gang) const;

  /// What is out now, in the order of granting.
  [[nodiscard]] std::vector<Holding> holdings() const;
  [[nodiscard]] std::vector<Balance> balances() const;

  /// A device has grown or shrunk. What is out stays out. The device is one of the ledger's; of
  /// cores there are no more than CPUs to pin.
  void resize(DeviceId device, const Quantity& quantity);

  /// Called after something was given back or a device has grown, on the thread where it happened
  /// and without any lock held. Whoever wants to know says so before the first lease.
  void when_freed(std::function<void()> tell);

 private:
  struct Book;
  std::shared_ptr<Book> book_;
};

}  // namespace aion::resource
