#include "runtime/backend/onnx/memory_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aion::runtime::onnx {

namespace {

Result<char*> mapped(std::size_t bytes, int flags, int file) {
  void* const made = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | flags, file, 0);
  if (made == MAP_FAILED) {
    return Error{Code::ResourceExhausted,
                 "cannot map " + std::to_string(bytes) + " bytes: " + std::strerror(errno)};
  }
  return static_cast<char*>(made);
}

}  // namespace

Pages::~Pages() {
  if (data_ != nullptr) {
    ::munmap(data_, size_);
  }
}

Pages::Pages(Pages&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Pages& Pages::operator=(Pages&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Result<Pages> Pages::allocate(std::size_t bytes) {
  if (bytes == 0) {
    return Pages();
  }
  AION_TRY(char* const data, mapped(bytes, MAP_ANONYMOUS | MAP_POPULATE, -1));
  return Pages(data, bytes);
}

Result<Pages> Pages::map(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) {
    return Error{Code::Internal,
                 std::string("cannot read a file in memory: ") + std::strerror(errno)};
  }
  const auto bytes = static_cast<std::size_t>(status.st_size);
  if (bytes == 0) {
    return Pages();
  }
  AION_TRY(char* const data, mapped(bytes, 0, file));
  return Pages(data, bytes);
}

MemoryFile::MemoryFile() : file_(::memfd_create("aion-graph", MFD_CLOEXEC)) {}

MemoryFile::~MemoryFile() {
  if (file_ >= 0) {
    ::close(file_);
  }
}

}  // namespace aion::runtime::onnx
