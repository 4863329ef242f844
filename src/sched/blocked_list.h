// A sorted list in blocks, each with a summary of what is in it, so that a walk skips blocks that
// hold nothing of interest.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace aion::sched {

/// Keeps entries in order at O(log n + block + n / block) an edit; with blocks of 64 that is below
/// a microsecond at 100,000.
///
/// Entry    trivially copyable, with a strict total order by operator<
/// Summary  default-made for no entries; `add(entry)`; `remove(entry)` returns false when it has to
/// be made anew
///
/// Not thread-safe.
template <class Entry, class Summary>
class BlockedList {
 public:
  [[nodiscard]] bool is_empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const Entry& front() const { return blocks_.front()->entries[0]; }

  void insert(const Entry& entry);

  /// Takes out the entry that is equivalent to this one; it must be there.
  void erase(const Entry& entry);

  void pop_front() { erase_at(0, 0); }

  /// How many entries go before this one.
  [[nodiscard]] std::size_t rank(const Entry& entry) const;

  /// Calls `see(entry)` in order until it returns false; leaves out blocks of which `may(summary)`
  /// is false, after telling `skip(summary)`.
  template <class May, class Skip, class See>
  void walk(const May& may, const Skip& skip, const See& see) const;

  /// Takes out, in order, the entries for which `take(entry)` is true; asks only in blocks for
  /// which `may(summary)` is.
  template <class May, class Take>
  void sweep(const May& may, const Take& take);

 private:
  static constexpr std::size_t kBlock = 64;
  struct Block {
    Summary summary;
    std::size_t count = 0;
    std::array<Entry, kBlock> entries;

    void summarize();

    /// Takes out what `take` says, each entry asked once and in order. True when there was
    /// something.
    template <class Take>
    bool take_out(const Take& take);
  };

  [[nodiscard]] std::size_t block_of(const Entry& entry) const;
  void erase_at(std::size_t at, std::size_t position);
  void drop_if_empty(std::size_t block);
  void split(std::size_t block);
  std::unique_ptr<Block> fresh();

  std::vector<std::unique_ptr<Block>> blocks_;  // none is empty
  std::vector<std::unique_ptr<Block>> spare_;
  std::size_t size_ = 0;
};

template <class Entry, class Summary>
void BlockedList<Entry, Summary>::Block::summarize() {
  summary = Summary{};
  for (std::size_t i = 0; i < count; ++i) {
    summary.add(entries[i]);
  }
}

template <class Entry, class Summary>
template <class Take>
bool BlockedList<Entry, Summary>::Block::take_out(const Take& take) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!take(entries[i])) {
      entries[kept] = entries[i];
      ++kept;
    }
  }
  if (kept == count) {
    return false;
  }
  count = kept;
  summarize();
  return true;
}

/// The first block whose last entry is not before this one; the last block when there is none.
/// There must be a block.
template <class Entry, class Summary>
std::size_t BlockedList<Entry, Summary>::block_of(const Entry& entry) const {
  const auto found = std::partition_point(blocks_.begin(), blocks_.end(), [&](const auto& block) {
    return block->entries[block->count - 1] < entry;
  });
  const auto at = static_cast<std::size_t>(found - blocks_.begin());
  return std::min(at, blocks_.size() - 1);
}

template <class Entry, class Summary>
auto BlockedList<Entry, Summary>::fresh() -> std::unique_ptr<Block> {
  if (spare_.empty()) {
    return std::make_unique<Block>();
  }
  auto block = std::move(spare_.back());
  spare_.pop_back();
  return block;
}

template <class Entry, class Summary>
void BlockedList<Entry, Summary>::split(std::size_t block) {
  auto right = fresh();
  Block& left = *blocks_[block];
  const bool is_last = block + 1 == blocks_.size();
  // What grows at its end, as arrivals do, leaves full blocks behind.
  const std::size_t keep = is_last ? kBlock - 1 : kBlock / 2;
  right->count = kBlock - keep;
  std::copy(left.entries.begin() + static_cast<std::ptrdiff_t>(keep),
            left.entries.end(),
            right->entries.begin());
  left.count = keep;
  left.summarize();
  right->summarize();
  blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(block) + 1, std::move(right));
}

template <class Entry, class Summary>
void BlockedList<Entry, Summary>::insert(const Entry& entry) {
  std::size_t at = 0;
  if (blocks_.empty()) {
    blocks_.push_back(fresh());
  } else {
    at = block_of(entry);
  }
  if (blocks_[at]->count == kBlock) {
    split(at);
    at = block_of(entry);
  }
  Block& block = *blocks_[at];
  auto* const begin = block.entries.data();
  auto* const place = std::lower_bound(begin, begin + block.count, entry);
  std::copy_backward(place, begin + block.count, begin + block.count + 1);
  *place = entry;
  ++block.count;
  block.summary.add(entry);
  ++size_;
}

template <class Entry, class Summary>
void BlockedList<Entry, Summary>::drop_if_empty(std::size_t block) {
  if (blocks_[block]->count > 0) {
    return;
  }
  blocks_[block]->summary = Summary{};
  spare_.push_back(std::move(blocks_[block]));
  blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(block));
}

template <class Entry, class Summary>
void BlockedList<Entry, Summary>::erase_at(std::size_t at, std::size_t position) {
  Block& block = *blocks_[at];
  auto* const place = block.entries.data() + position;
  const Entry gone = *place;
  std::copy(place + 1, block.entries.data() + block.count, place);
  --block.count;
  --size_;
  if (!block.summary.remove(gone)) {
    block.summarize();
  }
  drop_if_empty(at);
}

template <class Entry, class Summary>
void BlockedList<Entry, Summary>::erase(const Entry& entry) {
  AION_ASSERT(size_ > 0);
  const std::size_t at = block_of(entry);
  const auto* const begin = blocks_[at]->entries.data();
  const auto* const place = std::lower_bound(begin, begin + blocks_[at]->count, entry);
  AION_ASSERT(place != begin + blocks_[at]->count && !(entry < *place));
  erase_at(at, static_cast<std::size_t>(place - begin));
}

template <class Entry, class Summary>
std::size_t BlockedList<Entry, Summary>::rank(const Entry& entry) const {
  std::size_t before = 0;
  for (const auto& block : blocks_) {
    const auto* const begin = block->entries.data();
    if (begin[block->count - 1] < entry) {
      before += block->count;
      continue;
    }
    return before +
           static_cast<std::size_t>(std::lower_bound(begin, begin + block->count, entry) - begin);
  }
  return before;
}

template <class Entry, class Summary>
template <class May, class Skip, class See>
void BlockedList<Entry, Summary>::walk(const May& may, const Skip& skip, const See& see) const {
  for (const auto& block : blocks_) {
    if (!may(block->summary)) {
      skip(block->summary);
      continue;
    }
    const Entry* const begin = block->entries.data();
    if (!std::all_of(begin, begin + block->count, see)) {
      return;
    }
  }
}

template <class Entry, class Summary>
template <class May, class Take>
void BlockedList<Entry, Summary>::sweep(const May& may, const Take& take) {
  bool has_empty = false;
  for (const auto& owned : blocks_) {
    Block& block = *owned;
    const std::size_t before = block.count;
    if (may(block.summary) && block.take_out(take)) {
      size_ -= before - block.count;
      has_empty = has_empty || block.count == 0;
    }
  }
  if (!has_empty) {
    return;
  }
  for (auto& block : blocks_) {
    if (block->count == 0) {
      spare_.push_back(std::move(block));
    }
  }
  std::erase(blocks_, nullptr);
}

}  // namespace aion::sched
