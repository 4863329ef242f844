// Memory that is as large as it must be while a model is loaded, and gone when that is done.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aion::runtime::onnx {

/// Pages of their own. The heap would keep the place of a large block that was freed, and more
/// every time.
class Pages {
 public:
  Pages() = default;
  ~Pages();
  Pages(Pages&& other) noexcept;
  Pages& operator=(Pages&& other) noexcept;

  /// So many fresh bytes; ResourceExhausted when there is no memory.
  static Result<Pages> allocate(std::size_t bytes);
  /// A view of the whole file, which must not become shorter.
  static Result<Pages> map(int file);

  [[nodiscard]] std::span<char> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const { return {data_, size_}; }

 private:
  Pages(char* data, std::size_t size) : data_(data), size_(size) {}

  char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A file that is nowhere but in memory, for a library that writes to a path only.
class MemoryFile {
 public:
  MemoryFile();
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }
  [[nodiscard]] Result<Pages> content() const { return Pages::map(file_); }

 private:
  int file_;
};

}  // namespace aion::runtime::onnx
