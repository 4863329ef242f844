// Reads a file from its begin to its end, as it is or packed by gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "base/result.h"

namespace aion {

/// The bytes of one file in order, unpacked when the file begins as gzip does (RFC 1952; several
/// members behind each other are one text). Holds two blocks of 256 KiB, however large the file is.
/// One thread at a time.
class UnpackedFile {
 public:
  /// NotFound when it cannot be opened, InvalidArgument when it is a folder. "-" is the standard
  /// input.
  [[nodiscard]] static Result<UnpackedFile> open(const std::filesystem::path& file);

  UnpackedFile(UnpackedFile&&) noexcept;
  UnpackedFile& operator=(UnpackedFile&&) noexcept;
  ~UnpackedFile();

  /// Fills `to` from its begin and returns how many bytes came; 0 = the end. Unavailable when
  /// reading fails, InvalidArgument when the packed bytes are damaged or end too early; neither
  /// names the file.
  [[nodiscard]] Result<std::size_t> read(std::span<char> to);

  /// Bytes taken from the disk so far, and how many there are; 0 where nobody knows (a pipe).
  [[nodiscard]] std::uint64_t taken() const;
  [[nodiscard]] std::uint64_t size() const;

 private:
  class State;
  explicit UnpackedFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The whole text of such a file; ResourceExhausted above `limit` unpacked bytes.
[[nodiscard]] Result<std::string> read_unpacked(const std::filesystem::path& file,
                                                std::size_t limit);

}  // namespace aion
