#include "daemon/data_folder.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

namespace aion::daemon {

namespace {

constexpr auto kLockFile = "daemon.lock";
constexpr auto kAddressFile = "daemon.json";
constexpr std::size_t kMaxAddressFile = 64U << 10U;
// A command that looks for the daemon holds the lock for microseconds.
constexpr int kLockTries = 500;
constexpr std::chrono::milliseconds kLockPause{2};

Error system_error(const std::string& what, const std::filesystem::path& path) {
  return Error{Code::FailedPrecondition,
               what + " '" + path.string() + "': " + std::strerror(errno)};
}

std::string octal(mode_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return text.data();
}

/// Guards against a folder in which somebody else may put files of his own in the place of ours.
Result<void> check_owner(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return system_error("data_dir: cannot look at", path);
  }
  if (!S_ISDIR(status.st_mode)) {
    return Error{Code::FailedPrecondition, "data_dir: '" + path.string() + "' is no folder"};
  }
  if (status.st_uid != ::geteuid()) {
    return Error{Code::FailedPrecondition,
                 "data_dir: '" + path.string() + "' belongs to user id " +
                     std::to_string(status.st_uid) + "; expected " + std::to_string(::geteuid()) +
                     ", who runs this"};
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{Code::FailedPrecondition,
                 "data_dir: '" + path.string() + "' has mode " + octal(status.st_mode) +
                     ", so others may write in it; expected 0700: chmod 700 '" + path.string() +
                     "'"};
  }
  return {};
}

enum class Grab { Ours, Daemons, Probes };

/// One try at the lock. When it fails, a shared lock tells who has it: commands that look share,
/// daemons do not.
Grab grab(int lock) {
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) {
    return Grab::Ours;
  }
  if (::flock(lock, LOCK_SH | LOCK_NB) != 0) {
    return Grab::Daemons;
  }
  ::flock(lock, LOCK_UN);
  return Grab::Probes;
}

}  // namespace

Result<void> DataFolder::prepare(const std::filesystem::path& path) {
  const auto folder = path.has_filename() ? path : path.parent_path();  // without a slash behind
  std::error_code failed;
  if (folder.has_parent_path()) {
    std::filesystem::create_directories(folder.parent_path(), failed);
  }
  if (!failed && ::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    failed = std::error_code(errno, std::generic_category());
  }
  if (failed) {
    return Error{Code::FailedPrecondition,
                 "data_dir: cannot make '" + path.string() + "': " + failed.message()};
  }
  return check_owner(path);
}

Result<DataFolder> DataFolder::open(const std::filesystem::path& path) {
  AION_TRY_VOID(prepare(path));
  const int lock = ::open(
      (path / kLockFile).c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (lock < 0) {
    return system_error("data_dir: cannot open", path / kLockFile);
  }
  Grab got = grab(lock);
  // Of a daemon that was killed while it started a program, that program holds the lock until it
  // has begun.
  const auto may_come = [&] {
    const auto other = got == Grab::Daemons ? running(path) : std::nullopt;
    return got == Grab::Probes || (other && ::kill(other->pid, 0) != 0 && errno == ESRCH);
  };
  for (int tries = 1; may_come() && tries < kLockTries; ++tries) {
    std::this_thread::sleep_for(kLockPause);
    got = grab(lock);
  }
  if (got != Grab::Ours) {
    ::close(lock);
    const auto other = running(path);
    return Error{Code::FailedPrecondition,
                 "another daemon" +
                     (other ? " (pid " + std::to_string(other->pid) + ")" : std::string()) +
                     " uses the data folder '" + path.string() +
                     "'; stop it with `aion down`, or choose another --data-dir"};
  }
  std::error_code ignored;
  std::filesystem::remove(path / kAddressFile, ignored);
  return DataFolder(path, lock);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder::~DataFolder() {
  if (lock_ >= 0) {
    std::error_code ignored;
    std::filesystem::remove(path_ / kAddressFile, ignored);
    ::close(lock_);
  }
}

Result<void> DataFolder::publish(const Addresses& addresses) {
  Json json;
  json["pid"] = addresses.pid;
  json["host"] = addresses.host;
  json["http"] = addresses.http;
  json["grpc"] = addresses.grpc;
  json["metrics"] = addresses.metrics;
  json["ready"] = addresses.is_ready;
  return replace_file(path_ / kAddressFile, to_text(json) + "\n");
}

std::optional<Addresses> DataFolder::running(const std::filesystem::path& path) {
  const int lock = ::open((path / kLockFile).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (lock < 0) {
    return std::nullopt;
  }
  const bool is_free = ::flock(lock, LOCK_SH | LOCK_NB) == 0;
  ::close(lock);
  const auto text = read_file(path / kAddressFile, kMaxAddressFile);
  const auto json = text ? parse_json(*text) : Result<Json>(Json());
  if (is_free || !json || !json->is_object()) {
    return std::nullopt;
  }
  Addresses addresses;
  addresses.pid = json->value("pid", 0);
  if (addresses.pid <= 1) {  // 0 and below would signal whole groups of processes
    return std::nullopt;
  }
  addresses.host = json->value("host", "127.0.0.1");
  addresses.http = json->value("http", std::uint16_t{0});
  addresses.grpc = json->value("grpc", std::uint16_t{0});
  addresses.metrics = json->value("metrics", std::uint16_t{0});
  addresses.is_ready = json->value("ready", false);
  return addresses;
}

}  // namespace aion::daemon
