#include "base/file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

namespace aion {

namespace {

/// A descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

Error system_error(Code code, const std::string& what, const std::filesystem::path& file) {
  return Error{code, what + " '" + file.string() + "': " + std::strerror(errno)};
}

Error too_large(const std::filesystem::path& file, std::uint64_t size, std::size_t limit) {
  return Error{Code::ResourceExhausted,
               "'" + file.string() + "' has " + to_string(Bytes{size}) + " or more; at most " +
                   to_string(Bytes{limit}) + " are read"};
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  return true;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& file, std::size_t limit) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (in.get() < 0 || ::fstat(in.get(), &status) != 0) {
    return system_error(Code::NotFound, "cannot read", file);
  }
  if (S_ISDIR(status.st_mode)) {
    return Error{Code::InvalidArgument, "cannot read '" + file.string() + "': it is a folder"};
  }
  const auto told = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
  if (told > limit) {
    return too_large(file, told, limit);
  }
  std::string text;
  text.reserve(told);
  std::array<char, 65'536> part{};  // also for what tells no size: a pipe, /proc
  for (;;) {
    const ssize_t got = ::read(in.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return system_error(Code::Unavailable, "cannot read", file);
    }
    if (got == 0) {
      return text;
    }
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > limit) {
      return too_large(file, text.size(), limit);
    }
  }
}

Result<void> replace_file(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path partial = file.string() + ".new";
  {
    const Descriptor out(::open(
        partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (out.get() < 0) {
      return system_error(Code::FailedPrecondition, "cannot write", partial);
    }
    if (!write_all(out.get(), text) || ::fsync(out.get()) != 0) {
      Error error = system_error(Code::FailedPrecondition, "cannot write", partial);
      ::unlink(partial.c_str());
      return error;
    }
  }
  if (::rename(partial.c_str(), file.c_str()) != 0) {
    Error error = system_error(Code::FailedPrecondition, "cannot write", file);
    ::unlink(partial.c_str());
    return error;
  }
  return {};
}

}  // namespace aion
