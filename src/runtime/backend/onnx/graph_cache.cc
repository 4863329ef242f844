#include "runtime/backend/onnx/graph_cache.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"

namespace aion::runtime::onnx {

namespace fs = std::filesystem;

namespace {

// Below this an optimised graph saves less than a millisecond (docs/benchmarks.md).
constexpr std::size_t kSmallestModel = std::size_t{256} << 10U;
// Above this a load would hold too much memory twice.
constexpr std::size_t kLargestModel = std::size_t{512} << 20U;

constexpr std::size_t kPiece = std::size_t{256} << 10U;  // is read at once

constexpr std::string_view kEnding = ".graph";
constexpr std::string_view kPartial = ".new";

// What follows the graph in an entry's file. A file that was cut off ends with something else.
struct Trailer {
  std::array<char, 8> magic = {'a', 'i', 'o', 'n', 'g', 'r', 'f', '1'};
  std::uint64_t bytes = 0;  // of the graph
  std::array<char, 64> key{};
  std::uint32_t check_sum = 0;  // of the graph
  std::uint32_t reserved = 0;
};
static_assert(sizeof(Trailer) == 88);

Trailer trailer_of(const std::string& key, std::string_view graph) {
  Trailer trailer;
  trailer.bytes = graph.size();
  std::copy_n(key.data(), std::min(key.size(), trailer.key.size()), trailer.key.data());
  trailer.check_sum = crc32_of(std::as_bytes(std::span(graph)));
  return trailer;
}

// The lines of the first processor that say what code runs best on it.
std::string read_cpu() {
  constexpr std::array<std::string_view, 3> kLines = {"vendor_id", "model name", "flags"};
  const auto text = read_file("/proc/cpuinfo", std::size_t{64} << 20U);
  std::string cpu;
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  rest = rest.substr(0, rest.find("\n\n"));
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (std::ranges::any_of(kLines,
                            [&](std::string_view start) { return line.starts_with(start); })) {
      cpu.append(line).append("\n");
    }
  }
  return cpu;
}

// A name that a process that is gone has left behind, in the middle of writing.
bool is_orphan(std::string_view name) {
  if (!name.ends_with(kPartial)) {
    return false;
  }
  const auto dot = name.find('.');
  int process = 0;
  const char* const begin = name.data() + (dot == std::string_view::npos ? 0 : dot + 1);
  const auto [end, failed] = std::from_chars(begin, name.data() + name.size(), process);
  std::error_code unreadable;
  return failed != std::errc() || !fs::exists("/proc/" + std::to_string(process), unreadable);
}

struct File {
  fs::path path;
  std::uint64_t bytes = 0;
  fs::file_time_type used;
};

// Nothing when another process has removed it.
std::optional<File> file_of(const fs::directory_entry& entry) {
  std::error_code gone;
  const auto bytes = entry.file_size(gone);
  const auto used = gone ? fs::file_time_type() : entry.last_write_time(gone);
  return gone ? std::nullopt : std::optional(File{entry.path(), bytes, used});
}

// Entries that were not used for the longest time come first. What a dead process left is removed.
std::vector<File> list(const fs::path& folder) {
  std::vector<File> files;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (is_orphan(name)) {
      std::error_code gone;
      fs::remove(entry->path(), gone);
    }
    if (auto file = name.ends_with(kEnding) ? file_of(*entry) : std::nullopt) {
      files.push_back(*std::move(file));
    }
  }
  std::ranges::sort(
      files, {}, [](const File& file) { return std::pair(file.used, file.path.native()); });
  return files;
}

Error system_error(const std::string& what, const fs::path& path) {
  return Error{Code::FailedPrecondition,
               what + " '" + path.string() + "': " + std::strerror(errno)};
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  return true;
}

/// A file that is read, closed with its owner.
class OpenFile {
 public:
  explicit OpenFile(const fs::path& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (file_ >= 0) {
      ::close(file_);
    }
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] bool is_open() const { return file_ >= 0; }

  /// Nothing for what is no regular file.
  [[nodiscard]] std::optional<std::size_t> size() const {
    struct stat status {};
    if (!is_open() || ::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) {
      return std::nullopt;
    }
    return static_cast<std::size_t>(status.st_size);
  }

  /// The next bytes, as many as there is room for or are left; nothing when reading fails.
  [[nodiscard]] std::optional<std::size_t> read(std::span<char> room) const {
    std::size_t done = 0;
    while (done < room.size()) {
      const ssize_t got = ::read(file_, room.data() + done, room.size() - done);
      if (got < 0 && errno != EINTR) {
        return std::nullopt;
      }
      if (got == 0) {
        break;
      }
      done += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
    return done;
  }

 private:
  int file_;
};

// onnx.proto, TensorProto.external_data: an entry with the key "location", eight bytes.
constexpr std::string_view kExternal = "\x08location";

// Whether all of the file was read and none of its weights lie elsewhere.
bool add_content(const OpenFile& file, Sha256& digest) {
  std::vector<char> room(kExternal.size() - 1 +
                         kPiece);  // the end of the last piece, then one more
  const std::span<char> piece = std::span(room).last(kPiece);
  for (;;) {
    const auto got = file.read(piece);
    if (!got) {
      return false;
    }
    const std::string_view seen(room.data(), room.size() - kPiece + *got);
    // Not std::string_view::find, which stops at every byte 8: weights are full of them.
    if (::memmem(seen.data(), seen.size(), kExternal.data(), kExternal.size()) != nullptr) {
      return false;
    }
    digest.add(std::as_bytes(piece.first(*got)));
    if (*got < piece.size()) {
      return true;
    }
    std::copy_n(room.end() - (kExternal.size() - 1), kExternal.size() - 1, room.begin());
  }
}

// Whole, or why not.
Result<GraphCache::Entry> read_entry(const OpenFile& file, const std::string& key) {
  const Error damaged{Code::InvalidArgument, "it is damaged, or was written by something else"};
  const auto size = file.size();
  Trailer found;
  if (!size || *size <= sizeof(found) || *size > 2 * kLargestModel) {
    return damaged;
  }
  AION_TRY(Pages pages, Pages::allocate(*size));
  if (file.read(pages.bytes()) != *size) {
    return damaged;
  }
  const std::size_t bytes = *size - sizeof(found);
  std::memcpy(&found, pages.text().data() + bytes, sizeof(found));
  const Trailer wanted = trailer_of(key, pages.text().substr(0, bytes));
  if (std::memcmp(&found, &wanted, sizeof(found)) != 0) {
    return damaged;
  }
  return GraphCache::Entry(std::move(pages), bytes);
}

// Not brought to the disk: after a crash of the machine the check sum tells what is missing.
Result<void> write_file(const fs::path& path, std::string_view graph, const Trailer& trailer) {
  const int file = ::open(
      path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) {
    return system_error("cannot write", path);
  }
  const std::string_view end(reinterpret_cast<const char*>(&trailer), sizeof(trailer));
  bool is_written = write_all(file, graph) && write_all(file, end);
  Result<void> done = is_written ? Result<void>() : system_error("cannot write", path);
  if (::close(file) != 0 && is_written) {  // some file systems find out here that the disk is full
    done = system_error("cannot write", path);
    is_written = false;
  }
  if (!is_written) {
    ::unlink(path.c_str());
  }
  return done;
}

}  // namespace

std::optional<std::string> GraphCache::key_of(const fs::path& model, std::string_view maker) const {
  static const std::string cpu = read_cpu();
  const OpenFile file(model);
  const auto size = file.size();
  if (!is_on() || !size || *size < kSmallestModel || *size > kLargestModel) {
    return std::nullopt;
  }
  Sha256 digest;
  digest.add(std::as_bytes(std::span(maker)));
  digest.add(std::as_bytes(std::span(cpu)));
  return add_content(file, digest) ? std::optional(digest.finish()) : std::nullopt;
}

bool GraphCache::takes(Bytes model) const {
  return is_on() && model.count >= kSmallestModel && model.count <= kLargestModel &&
         model.count < limit_.count;
}

fs::path GraphCache::place_of(const std::string& key) const {
  return folder_ / (key + std::string(kEnding));
}

std::optional<GraphCache::Entry> GraphCache::find(const std::string& key) {
  const fs::path path = place_of(key);
  const OpenFile file(path);
  if (!file.is_open()) {
    return std::nullopt;
  }
  auto entry = read_entry(file, key);
  if (!entry) {
    drop(key, entry.error().message);
    return std::nullopt;
  }
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // at worst it goes earlier than it should
  return *std::move(entry);
}

void GraphCache::keep(const std::string& key, std::string_view graph) {
  const std::scoped_lock lock(mutex_);
  const auto written = write(key, graph);
  if (!written && log_ != nullptr && !has_complained_.exchange(true)) {
    log_->warn("optimised graph not kept, and so may be others",
               {{"reason", written.error().message}});
  }
}

void GraphCache::drop(const std::string& key, std::string_view reason) {
  std::error_code unreadable;
  fs::remove_all(place_of(key), unreadable);  // also a folder of that name
  if (log_ != nullptr) {
    log_->warn("cached graph dropped", {{"file", place_of(key).string()}, {"reason", reason}});
  }
}

Result<void> GraphCache::write(const std::string& key, std::string_view graph) {
  const std::uint64_t bytes = graph.size() + sizeof(Trailer);
  if (bytes > limit_.count) {
    return {};  // it would push out all others and then itself
  }
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) {
    return Error{Code::FailedPrecondition,
                 "cannot make '" + folder_.string() + "': " + failed.message()};
  }
  AION_TRY_VOID(make_room(bytes));
  const fs::path partial = folder_ / (key + "." + std::to_string(::getpid()) + "-" +
                                      std::to_string(written_++) + std::string(kPartial));
  AION_TRY_VOID(write_file(partial, graph, trailer_of(key, graph)));
  if (::rename(partial.c_str(), place_of(key).c_str()) != 0) {
    Error error = system_error("cannot write", place_of(key));
    ::unlink(partial.c_str());
    return error;
  }
  return {};
}

Result<void> GraphCache::make_room(std::uint64_t bytes) {
  std::vector<File> entries = list(folder_);
  std::uint64_t total = bytes;
  for (const File& entry : entries) {
    total += entry.bytes;
  }
  for (auto oldest = entries.begin(); total > limit_.count && oldest != entries.end(); ++oldest) {
    std::error_code failed;
    fs::remove(oldest->path, failed);
    if (failed) {
      return Error{Code::FailedPrecondition,
                   "cannot remove '" + oldest->path.string() + "': " + failed.message()};
    }
    total -= oldest->bytes;
  }
  return {};
}

}  // namespace aion::runtime::onnx
