// The daemon's own folder: one daemon at a time, and where it can be reached.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

#include "base/result.h"

namespace aion::daemon {

/// Where a running daemon listens; daemon.json in its data folder.
struct Addresses {
  pid_t pid = 0;
  std::string host;
  std::uint16_t http = 0;
  std::uint16_t grpc = 0;
  std::uint16_t metrics = 0;
  bool is_ready = false;  // false while the models are being loaded
};

/// Holds the folder for this process: a lock that the kernel drops when the process ends, however
/// it ends, so a killed daemon leaves nothing behind that hinders the next.
class DataFolder {
 public:
  /// Makes the folder (mode 0700) where there is none. FailedPrecondition when it cannot be made,
  /// belongs to another user, or lets others write: what lies in it is trusted.
  [[nodiscard]] static Result<void> prepare(const std::filesystem::path& path);

  /// Prepares the folder and locks it. FailedPrecondition also when another daemon holds it.
  [[nodiscard]] static Result<DataFolder> open(const std::filesystem::path& path);
  ~DataFolder();
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;

  /// Writes daemon.json so that commands find the daemon; removed with the lock. What was there
  /// before stays whole when it fails.
  [[nodiscard]] Result<void> publish(const Addresses& addresses);

  /// The daemon that holds the folder now; nothing when none does. Hinders no daemon that starts.
  [[nodiscard]] static std::optional<Addresses> running(const std::filesystem::path& path);

 private:
  DataFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_;
};

}  // namespace aion::daemon
