#include "daemon/data_folder.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"

namespace aion::daemon {

namespace {

constexpr auto kLockFile = "daemon.lock";
constexpr auto kAddressFile = "daemon.json";

Error system_error(const std::string& what, const std::filesystem::path& path) {
  return Error{Code::FailedPrecondition,
               what + " '" + path.string() + "': " + std::strerror(errno)};
}

}  // namespace

Result<DataFolder> DataFolder::open(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) {
    return Error{Code::FailedPrecondition,
                 "data_dir: cannot make '" + path.string() + "': " + failed.message()};
  }
  ::chmod(path.c_str(), S_IRWXU);
  const int lock =
      ::open((path / kLockFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (lock < 0) {
    return system_error("data_dir: cannot open", path / kLockFile);
  }
  DataFolder folder(path, lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const auto other = running(path);
    return Error{Code::FailedPrecondition,
                 "another daemon" +
                     (other ? " (pid " + std::to_string(other->pid) + ")" : std::string()) +
                     " uses the data folder '" + path.string() +
                     "'; stop it with `aion down`, or choose another --data-dir"};
  }
  std::filesystem::remove(path / kAddressFile, failed);
  return folder;
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder::~DataFolder() {
  if (lock_ < 0) {
    return;
  }
  if (::flock(lock_, LOCK_EX | LOCK_NB) ==
      0) {  // ours, unless open() failed because another has it
    std::error_code ignored;
    std::filesystem::remove(path_ / kAddressFile, ignored);
  }
  ::close(lock_);
}

Result<void> DataFolder::publish(const Addresses& addresses) {
  Json json;
  json["pid"] = addresses.pid;
  json["host"] = addresses.host;
  json["http"] = addresses.http;
  json["grpc"] = addresses.grpc;
  json["metrics"] = addresses.metrics;
  const auto partial = path_ / (std::string(kAddressFile) + ".new");
  std::ofstream(partial) << to_text(json) << "\n";
  std::error_code failed;
  std::filesystem::rename(partial, path_ / kAddressFile, failed);
  if (failed) {
    return Error{Code::FailedPrecondition,
                 "cannot write '" + (path_ / kAddressFile).string() + "': " + failed.message()};
  }
  return {};
}

std::optional<Addresses> DataFolder::running(const std::filesystem::path& path) {
  const int lock = ::open((path / kLockFile).c_str(), O_RDWR | O_CLOEXEC);
  if (lock < 0) {
    return std::nullopt;
  }
  const bool is_free = ::flock(lock, LOCK_EX | LOCK_NB) == 0;
  ::close(lock);
  std::ifstream in(path / kAddressFile);
  std::ostringstream text;
  text << in.rdbuf();
  const auto json = parse_json(text.str());
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
  return addresses;
}

}  // namespace aion::daemon
