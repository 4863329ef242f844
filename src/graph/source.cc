#include "graph/source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aion::graph {

namespace {

// Headers of messages lie close together, and weights between them are left out.
constexpr std::size_t kWindow = 64U << 10U;

Error unreadable(const std::string& why) {
  return Error{Code::Unavailable, "the model file cannot be read: " + why};
}

Result<void> read_at(int file, std::uint64_t offset, std::span<std::byte> to) {
  while (!to.empty()) {
    const ssize_t got = ::pread(file, to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return unreadable(got == 0 ? "it has become shorter" : std::strerror(errno));
    }
    offset += static_cast<std::uint64_t>(got);
    to = to.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Source>> Source::open(const std::filesystem::path& file) {
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0) {
    return Error{Code::NotFound, "cannot open '" + file.string() + "': " + std::strerror(errno)};
  }
  struct stat status {};
  if (::fstat(opened, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(opened);
    return Error{Code::InvalidArgument, "'" + file.string() + "' is no regular file"};
  }
  return std::unique_ptr<Source>(new Source(opened, static_cast<std::uint64_t>(status.st_size)));
}

Source::~Source() {
  if (file_ >= 0) {
    ::close(file_);
  }
}

Result<std::byte> Source::fetched_byte(std::uint64_t offset) {
  room_.resize(std::min<std::uint64_t>(kWindow, size_ - offset));
  window_ = {};
  AION_TRY_VOID(read_at(file_, offset, room_));
  begin_ = offset;
  window_ = room_;
  return window_.front();
}

Result<void> Source::copy(std::uint64_t offset, std::span<std::byte> to) {
  if (offset >= begin_ && offset - begin_ + to.size() <= window_.size()) {
    std::ranges::copy(window_.subspan(offset - begin_, to.size()), to.begin());
    return {};
  }
  return read_at(file_, offset, to);
}

}  // namespace aion::graph
