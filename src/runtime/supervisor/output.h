// What a program prints, kept in files up to a limit.
#pragma once

#include <cstdint>

namespace aion::supervisor {

/// Files in the folder "log". The oldest goes first when the limit is reached; a full disk costs
/// the bytes that it has no room for, and never the program.
class Output {
 public:
  explicit Output(std::uint64_t limit);

  /// Takes what is in the pipe now. False at its end.
  bool pump(int pipe);
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  void keep(const char* bytes, std::uint64_t size);
  bool open_next();
  void forget_oldest();

  static constexpr int kFiles = 8;  // at most at once
  std::uint64_t file_size_;
  std::uint64_t offset_ = 0;           // of the next byte
  std::uint64_t starts_[kFiles] = {};  // of the files that there are
  int count_ = 0;
  int file_ = -1;
  std::uint64_t dropped_ = 0;
};

}  // namespace aion::supervisor
