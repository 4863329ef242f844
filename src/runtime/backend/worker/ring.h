// A one-way queue of records in memory that two processes share.
//
// One thread writes and one reads, each through an object of its own. Each side keeps its own
// position in private memory and believes nothing that it reads of the other's: a position, a
// length or a mark that cannot be is an error.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"

namespace aion::runtime::worker {

/// What stands in front of each record. A message longer than a record goes as several records of
/// the same kind and id.
struct RecordHeader {
  std::uint32_t mark = 0;     // kRecordMark
  std::uint32_t payload = 0;  // bytes that follow; padded to 8 in the ring
  std::uint64_t id = 0;       // the run that it is about, 0 = none
  std::uint8_t kind = 0;
  std::uint8_t is_first = 0;  // of its message; only then the two sizes below are meant
  std::uint16_t reserved = 0;
  std::uint32_t head_bytes = 0;  // of the whole message
  std::uint64_t data_bytes = 0;  // of the whole message
};
static_assert(sizeof(RecordHeader) == 32);

inline constexpr std::uint32_t kRecordMark = 0x31524941;  // "AIR1"
inline constexpr std::size_t kMinRingBytes = 4096;

/// The shared part of a ring, beside its data. All zero = empty.
struct RingControl {
  alignas(64) std::atomic<std::uint64_t> tail;  // bytes ever written
  alignas(64) std::atomic<std::uint64_t> head;  // bytes ever read
  alignas(64)
      std::atomic<std::uint32_t> reader_sleeps;  // the writer must wake it after the next record
  std::atomic<std::uint32_t> writer_waits;  // the reader must wake it when half of the ring is free
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// The writing end. One thread at a time.
class RingWriter {
 public:
  /// `data` is a power of two long, kMinRingBytes at least; all of it outlives the writer.
  RingWriter(RingControl& control, std::span<std::byte> data);

  /// The most payload that one record carries: a quarter of the ring, 64 KiB at most, so that a
  /// large message is read while its rest is being written.
  [[nodiscard]] std::size_t max_payload() const { return max_payload_; }

  /// Whether a record with so much payload fits now; Internal when the reader's position cannot be.
  [[nodiscard]] Result<bool> has_room(std::size_t payload) const;

  /// Begins a record for which there is room; append() its payload, then publish().
  void begin(const RecordHeader& header);
  void append(std::span<const std::byte> part);
  /// True: the reader sleeps and must be woken.
  [[nodiscard]] bool publish();

  /// Asks the reader to wake this side once half of the ring is free; ask has_room() once more
  /// afterwards, then sleep.
  void announce_wait();

 private:
  void copy_in(std::span<const std::byte> from);

  RingControl& control_;
  std::span<std::byte> data_;
  std::size_t max_payload_;
  std::uint64_t position_ = 0;  // where the next byte goes
};

/// The reading end. One thread at a time.
class RingReader {
 public:
  RingReader(RingControl& control, std::span<const std::byte> data);

  /// The record that is next, none when the ring is empty, Internal when what stands there cannot
  /// be.
  [[nodiscard]] Result<std::optional<RecordHeader>> next();

  /// Copies the next bytes of the payload; all calls for one record together take no more than its
  /// payload.
  void take(std::span<std::byte> into);

  /// Leaves the record behind. True: the writer waits for room and must be woken.
  [[nodiscard]] bool pop();

  /// Asks the writer to wake this side after the next record. False: there is one already.
  [[nodiscard]] bool announce_sleep();
  void announce_awake();

 private:
  void copy_out(std::uint64_t from, std::span<std::byte> into) const;

  RingControl& control_;
  std::span<const std::byte> data_;
  std::uint64_t position_ = 0;  // of the record that is next
  std::uint64_t taken_ = 0;     // bytes of its payload
  std::uint64_t size_ = 0;      // of the record that next() returned, with its header and padding
};

}  // namespace aion::runtime::worker
