#include "runtime/backend/worker/ring.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "base/assert.h"

namespace aion::runtime::worker {

namespace {

constexpr std::size_t kMaxPayload = std::size_t{64} << 10U;

constexpr std::uint64_t padded(std::uint64_t bytes) {
  return (bytes + 7U) & ~std::uint64_t{7};
}

std::size_t max_payload_of(std::size_t capacity) {
  return std::min(capacity / 4, kMaxPayload) - sizeof(RecordHeader);
}

Error corrupted(const std::string& what) {
  return Error{Code::Internal, "corrupted ring: " + what};
}

}  // namespace

RingWriter::RingWriter(RingControl& control, std::span<std::byte> data)
    : control_(control), data_(data), max_payload_(max_payload_of(data.size())) {
  AION_ASSERT(std::has_single_bit(data.size()) && data.size() >= kMinRingBytes);
}

Result<bool> RingWriter::has_room(std::size_t payload) const {
  const std::uint64_t used = position_ - control_.head.load(std::memory_order_seq_cst);
  if (used > data_.size()) {
    return corrupted("the reader's position is outside of it");
  }
  return data_.size() - used >= sizeof(RecordHeader) + padded(payload);
}

void RingWriter::begin(const RecordHeader& header) {
  AION_ASSERT(header.payload <= max_payload_);
  copy_in(std::as_bytes(std::span(&header, 1)));
}

void RingWriter::append(std::span<const std::byte> part) {
  copy_in(part);
}

bool RingWriter::publish() {
  position_ = padded(position_);
  control_.tail.store(position_, std::memory_order_seq_cst);
  return control_.reader_sleeps.load(std::memory_order_seq_cst) != 0 &&
         control_.reader_sleeps.exchange(0) != 0;
}

void RingWriter::announce_wait() {
  control_.writer_waits.store(1, std::memory_order_seq_cst);
}

void RingWriter::copy_in(std::span<const std::byte> from) {
  if (from.empty()) {
    return;
  }
  const std::size_t at = position_ & (data_.size() - 1);
  const std::size_t until_end = std::min(from.size(), data_.size() - at);
  std::memcpy(data_.data() + at, from.data(), until_end);
  std::memcpy(data_.data(), from.data() + until_end, from.size() - until_end);
  position_ += from.size();
}

RingReader::RingReader(RingControl& control, std::span<const std::byte> data)
    : control_(control), data_(data) {
  AION_ASSERT(std::has_single_bit(data.size()) && data.size() >= kMinRingBytes);
}

Result<std::optional<RecordHeader>> RingReader::next() {
  const std::uint64_t used = control_.tail.load(std::memory_order_seq_cst) - position_;
  if (used == 0) {
    return std::optional<RecordHeader>{};
  }
  if (used > data_.size() || used < sizeof(RecordHeader)) {
    return corrupted("the writer's position is outside of it");
  }
  RecordHeader header;  // a copy: what the other side changes from now on does not matter
  copy_out(position_, std::as_writable_bytes(std::span(&header, 1)));
  if (header.mark != kRecordMark) {
    return corrupted("a record does not begin with the mark");
  }
  if (header.payload > max_payload_of(data_.size())) {
    return corrupted("a record says " + std::to_string(header.payload) +
                     " bytes, more than a record may hold");
  }
  size_ = sizeof(RecordHeader) + padded(header.payload);
  if (size_ > used) {
    return corrupted("a record says " + std::to_string(header.payload) +
                     " bytes, more than were written");
  }
  taken_ = 0;
  return std::optional(header);
}

void RingReader::take(std::span<std::byte> into) {
  AION_ASSERT(sizeof(RecordHeader) + taken_ + into.size() <= size_);
  copy_out(position_ + sizeof(RecordHeader) + taken_, into);
  taken_ += into.size();
}

bool RingReader::pop() {
  position_ += size_;
  size_ = 0;
  control_.head.store(position_, std::memory_order_seq_cst);
  if (control_.writer_waits.load(std::memory_order_seq_cst) == 0) {
    return false;
  }
  const std::uint64_t used = control_.tail.load(std::memory_order_seq_cst) - position_;
  return used <= data_.size() / 2 && control_.writer_waits.exchange(0) != 0;
}

bool RingReader::announce_sleep() {
  control_.reader_sleeps.store(1, std::memory_order_seq_cst);
  if (control_.tail.load(std::memory_order_seq_cst) == position_) {
    return true;
  }
  announce_awake();
  return false;
}

void RingReader::announce_awake() {
  control_.reader_sleeps.store(0, std::memory_order_relaxed);
}

void RingReader::copy_out(std::uint64_t from, std::span<std::byte> into) const {
  if (into.empty()) {
    return;
  }
  const std::size_t at = from & (data_.size() - 1);
  const std::size_t until_end = std::min(into.size(), data_.size() - at);
  std::memcpy(into.data(), data_.data() + at, until_end);
  std::memcpy(into.data() + until_end, data_.data(), into.size() - until_end);
}

}  // namespace aion::runtime::worker
