#include "serving/memory_meter.h"

#include <fstream>

#include <unistd.h>

namespace aion::serving {

Bytes own_memory() {
  std::ifstream in("/proc/self/statm");  // proc(5): size, resident and shared pages
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  std::uint64_t shared = 0;
  in >> size >> resident >> shared;
  const std::uint64_t pages = resident > shared ? resident - shared : 0;
  return Bytes{pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))};
}

MemoryMeter::Reading::Reading(MemoryMeter& meter, const UseSignals& signals)
    : meter_(meter),
      signals_(signals),
      is_alone_(meter.under_way_.fetch_add(1, std::memory_order_acq_rel) == 0 &&
                meter.has_begun_.exchange(true, std::memory_order_acq_rel) &&
                (!meter.is_idle_ || meter.is_idle_())),
      changes_(meter.changes_.fetch_add(1, std::memory_order_acq_rel) + 1),
      requests_(signals.requests.load(std::memory_order_relaxed)),
      before_(own_memory()) {}

MemoryMeter::Reading::~Reading() {
  meter_.changes_.fetch_add(1, std::memory_order_acq_rel);
  meter_.under_way_.fetch_sub(1, std::memory_order_acq_rel);
}

std::optional<Bytes> MemoryMeter::Reading::added() const {
  const Bytes now = own_memory();
  const bool is_quiet = is_alone_ && meter_.changes_.load(std::memory_order_acquire) == changes_ &&
                        signals_.requests.load(std::memory_order_relaxed) == requests_;
  if (!is_quiet) {
    return std::nullopt;
  }
  return Bytes{now.count > before_.count ? now.count - before_.count : 0};
}

}  // namespace aion::serving
