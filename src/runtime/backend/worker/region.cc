#include "runtime/backend/worker/region.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/assert.h"

namespace aion::runtime::worker {

namespace {

constexpr std::uint64_t kMagic = 0x4e4f4941;  // "AION"
constexpr std::size_t kHeaderBytes = 4096;

Error system_error(const char* what) {
  return Error{Code::ResourceExhausted, std::string(what) + ": " + std::strerror(errno)};
}

Result<std::span<std::byte>> map(int descriptor, std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) {
    return system_error("cannot map memory shared with a worker process");
  }
  return std::span(static_cast<std::byte*>(memory), bytes);
}

}  // namespace

struct Region::Header {
  std::uint64_t magic = kMagic;
  std::uint32_t wire_version = kWireVersion;
  std::uint32_t reserved = 0;
  std::uint64_t ring_bytes = 0;
  RingControl to_worker{};
  RingControl to_daemon{};
};

Result<Region> Region::create(std::size_t ring_bytes) {
  static_assert(sizeof(Header) <= kHeaderBytes);
  AION_ASSERT(std::has_single_bit(ring_bytes) && ring_bytes >= kMinRingBytes);
  Descriptor descriptor(::memfd_create("aion worker", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const std::size_t bytes = kHeaderBytes + 2 * ring_bytes;
  if (!descriptor.is_open() || ::ftruncate(descriptor.get(), static_cast<off_t>(bytes)) != 0) {
    return system_error("cannot make memory to share with a worker process");
  }
  if (::fcntl(descriptor.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return system_error("cannot seal memory shared with a worker process");
  }
  AION_TRY(const auto memory, map(descriptor.get(), bytes));
  new (memory.data()) Header{.ring_bytes = ring_bytes};
  return Region(std::move(descriptor), memory, ring_bytes);
}

Result<Region> Region::attach(Descriptor descriptor) {
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0 ||
      status.st_size < static_cast<off_t>(kHeaderBytes)) {
    return Error{Code::FailedPrecondition,
                 "the inherited descriptor is not the memory of a worker process"};
  }
  const auto bytes = static_cast<std::size_t>(status.st_size);
  AION_TRY(const auto memory, map(descriptor.get(), bytes));
  Region region(std::move(descriptor), memory, (bytes - kHeaderBytes) / 2);
  const Header& header = region.header();
  if (header.magic != kMagic || header.ring_bytes != region.ring_bytes_) {
    return Error{Code::FailedPrecondition, "the inherited memory is not that of a worker process"};
  }
  if (header.wire_version != kWireVersion) {
    return Error{Code::FailedPrecondition,
                 "the daemon speaks wire version " + std::to_string(header.wire_version) +
                     " to its workers, this program speaks " + std::to_string(kWireVersion)};
  }
  return region;
}

Region::~Region() {
  if (!memory_.empty()) {
    ::munmap(memory_.data(), memory_.size());
  }
}

Region::Region(Region&& other) noexcept
    : descriptor_(std::move(other.descriptor_)),
      memory_(std::exchange(other.memory_, {})),
      ring_bytes_(other.ring_bytes_) {}

Region::Header& Region::header() const {
  return *std::launder(reinterpret_cast<Header*>(memory_.data()));
}

Region::Ring Region::to_worker() const {
  return {header().to_worker, memory_.subspan(kHeaderBytes, ring_bytes_)};
}

Region::Ring Region::to_daemon() const {
  return {header().to_daemon, memory_.subspan(kHeaderBytes + ring_bytes_, ring_bytes_)};
}

}  // namespace aion::runtime::worker
