#include "base/unpacked_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bytes.h"

namespace aion {
namespace {

constexpr std::size_t kBlock = std::size_t{256} * 1024;
constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, and a header of gzip
constexpr unsigned char kMagic0 = 0x1f;
constexpr unsigned char kMagic1 = 0x8b;

}  // namespace

class UnpackedFile::State {
 public:
  State(int descriptor, std::uint64_t size)
      : descriptor_(descriptor), size_(size), block_(kBlock) {}

  ~State() {
    if (is_inflating_) {
      inflateEnd(&stream_);
    }
    if (descriptor_ != STDIN_FILENO) {
      ::close(descriptor_);
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] std::uint64_t taken() const { return taken_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

  Result<std::size_t> read(std::span<char> to) {
    if (!is_begun_) {
      is_begun_ = true;
      AION_TRY_VOID(begin());
    }
    return is_packed_ ? read_packed(to) : read_plain(to);
  }

 private:
  /// Looks at the first two bytes, which may come one by one out of a pipe.
  Result<void> begin() {
    while (kept_ < 2 && !is_over_) {
      AION_TRY_VOID(take());
    }
    const auto byte = [&](std::size_t at) {
      return static_cast<unsigned char>(block_[at]);
    };
    is_packed_ = kept_ >= 2 && byte(0) == kMagic0 && byte(1) == kMagic1;
    return {};
  }

  /// Appends what the file gives next to the block.
  Result<void> take() {
    for (;;) {
      const ssize_t got = ::read(descriptor_, block_.data() + kept_, block_.size() - kept_);
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return Error{Code::Unavailable, std::string("cannot be read: ") + std::strerror(errno)};
      }
      is_over_ = got == 0;
      kept_ += static_cast<std::size_t>(got);
      taken_ += static_cast<std::uint64_t>(got);
      return {};
    }
  }

  Result<std::size_t> read_plain(std::span<char> to) {
    if (at_ == kept_) {
      at_ = kept_ = 0;
      AION_TRY_VOID(take());
    }
    const std::size_t count = std::min(to.size(), kept_ - at_);
    std::memcpy(to.data(), block_.data() + at_, count);
    at_ += count;
    return count;
  }

  Result<std::size_t> read_packed(std::span<char> to) {
    while (true) {
      if (at_ == kept_ && !is_over_) {
        at_ = kept_ = 0;
        AION_TRY_VOID(take());
      }
      if (!is_inflating_) {
        AION_TRY(const bool has_member, begin_member());
        if (!has_member) {
          return std::size_t{0};
        }
      }
      AION_TRY(const std::size_t count, inflate_into(to));
      if (count > 0) {
        return count;
      }
    }
  }

  /// False at the end of the file; zeros behind the last member are padding, as gzip itself holds.
  Result<bool> begin_member() {
    while (at_ < kept_ && block_[at_] == '\0' && members_ > 0) {
      ++at_;
      if (at_ == kept_ && !is_over_) {
        at_ = kept_ = 0;
        AION_TRY_VOID(take());
      }
    }
    if (at_ == kept_) {
      return false;
    }
    stream_ = {};
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) {
      return Error{Code::ResourceExhausted, "no memory to unpack it"};
    }
    is_inflating_ = true;
    return true;
  }

  Result<std::size_t> inflate_into(std::span<char> to) {
    // zlib's interface takes bytes as unsigned char, and does not write to its input.
    stream_.next_in = reinterpret_cast<Bytef*>(block_.data() + at_);
    stream_.avail_in = static_cast<uInt>(kept_ - at_);
    stream_.next_out = reinterpret_cast<Bytef*>(to.data());
    stream_.avail_out = static_cast<uInt>(to.size());
    const int status = inflate(&stream_, Z_NO_FLUSH);
    at_ = kept_ - stream_.avail_in;
    const std::size_t count = to.size() - stream_.avail_out;
    if (status == Z_STREAM_END) {
      inflateEnd(&stream_);
      is_inflating_ = false;
      ++members_;
      return count;
    }
    if (status != Z_OK && status != Z_BUF_ERROR) {
      return Error{Code::InvalidArgument,
                   "the packed file is damaged at byte " + std::to_string(taken_ - (kept_ - at_)) +
                       ": " + (stream_.msg != nullptr ? stream_.msg : "not what gzip writes")};
    }
    if (count == 0 && is_over_ && at_ == kept_) {
      return Error{Code::InvalidArgument,
                   "the packed file is cut off: its gzip stream goes on behind byte " +
                       std::to_string(taken_) + ", where the file ends"};
    }
    return count;
  }

  int descriptor_;
  std::uint64_t size_;
  std::vector<char> block_;
  std::size_t at_ = 0;    // the next byte of the block
  std::size_t kept_ = 0;  // how many there are
  std::uint64_t taken_ = 0;
  bool is_begun_ = false;
  bool is_over_ = false;  // the file gives no more
  bool is_packed_ = false;
  bool is_inflating_ = false;
  int members_ = 0;
  z_stream stream_{};
};

UnpackedFile::UnpackedFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
UnpackedFile::UnpackedFile(UnpackedFile&&) noexcept = default;
UnpackedFile& UnpackedFile::operator=(UnpackedFile&&) noexcept = default;
UnpackedFile::~UnpackedFile() = default;

Result<UnpackedFile> UnpackedFile::open(const std::filesystem::path& file) {
  const bool is_input = file == "-";
  const int descriptor = is_input ? STDIN_FILENO : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0) {
    const int why = errno;
    if (descriptor > STDIN_FILENO) {
      ::close(descriptor);
    }
    return Error{Code::NotFound, "cannot read '" + file.string() + "': " + std::strerror(why)};
  }
  const std::uint64_t size =
      S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  UnpackedFile opened(std::make_unique<State>(descriptor, size));
  if (S_ISDIR(status.st_mode)) {
    return Error{Code::InvalidArgument, "cannot read '" + file.string() + "': it is a folder"};
  }
  return opened;
}

Result<std::size_t> UnpackedFile::read(std::span<char> to) {
  return state_->read(to);
}

std::uint64_t UnpackedFile::taken() const {
  return state_->taken();
}

std::uint64_t UnpackedFile::size() const {
  return state_->size();
}

Result<std::string> read_unpacked(const std::filesystem::path& file, std::size_t limit) {
  AION_TRY(UnpackedFile in, UnpackedFile::open(file));
  std::string text;
  std::vector<char> block(kBlock);
  for (;;) {
    const auto got = in.read(block);
    if (!got) {
      return in_context("'" + file.string() + "'", got.error());
    }
    if (*got == 0) {
      return text;
    }
    text.append(block.data(), *got);
    if (text.size() > limit) {
      return Error{Code::ResourceExhausted,
                   "'" + file.string() + "' unpacks to more than " + to_string(Bytes{limit})};
    }
  }
}

}  // namespace aion
