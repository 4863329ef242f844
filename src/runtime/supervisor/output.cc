#include "runtime/supervisor/output.h"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/supervisor/record.h"

namespace aion::supervisor {

namespace {

constexpr std::uint64_t kSmallestFile = 4096;

void name_file(char (&name)[64], std::uint64_t start) {
  snprintf(name,
           sizeof(name),
           "%s/%0*llu",
           kLogFolder,
           kOffsetDigits,
           static_cast<unsigned long long>(start));
}

}  // namespace

Output::Output(std::uint64_t limit)
    : file_size_(limit / kFiles > kSmallestFile ? limit / kFiles : kSmallestFile) {
  mkdir(kLogFolder, 0700);
}

bool Output::pump(int pipe) {
  static char buffer[1 << 16];
  for (;;) {
    const ssize_t got = read(pipe, buffer, sizeof(buffer));
    if (got > 0) {
      keep(buffer, static_cast<std::uint64_t>(got));
      if (got < static_cast<ssize_t>(sizeof(buffer))) {
        return true;
      }
      continue;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
  }
}

void Output::forget_oldest() {
  char name[64];
  name_file(name, starts_[0]);
  unlink(name);
  for (int i = 1; i < count_; ++i) {
    starts_[i - 1] = starts_[i];
  }
  --count_;
}

bool Output::open_next() {
  if (file_ >= 0) {
    close(file_);
  }
  if (count_ == kFiles) {
    forget_oldest();
  }
  char name[64];
  name_file(name, offset_);
  file_ = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ >= 0) {
    starts_[count_++] = offset_;
  }
  return file_ >= 0;
}

void Output::keep(const char* bytes, std::uint64_t size) {
  while (size > 0) {
    const std::uint64_t in_file = file_ >= 0 ? offset_ - starts_[count_ - 1] : file_size_;
    if (in_file >= file_size_ && !open_next()) {
      break;
    }
    const std::uint64_t room = file_size_ - (offset_ - starts_[count_ - 1]);
    const ssize_t written = write(file_, bytes, size < room ? size : room);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      break;
    }
    bytes += written;
    size -= static_cast<std::uint64_t>(written);
    offset_ += static_cast<std::uint64_t>(written);
  }
  if (size > 0) {  // the next file begins behind what is lost
    dropped_ += size;
    offset_ += size;
    if (file_ >= 0) {
      close(file_);
      file_ = -1;
    }
  }
}

}  // namespace aion::supervisor
