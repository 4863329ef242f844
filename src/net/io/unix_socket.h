// A listening Unix socket and the file by which clients find it.
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/result.h"

namespace aion::net {

/// What a connection over a Unix socket has in the place of an address.
inline constexpr std::string_view kUnixPeer = "unix";

/// The file of a socket that this process has bound.
struct UnixSocketFile {
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;

  /// Removes it, unless another file has taken its name.
  void remove() const;
};

struct UnixSocket {
  int descriptor = -1;
  UnixSocketFile file;
};

/// InvalidArgument when the path is too long for a socket; without the path.
[[nodiscard]] Result<void> check_unix_path(const std::string& path);

/// Binds a socket that only this user may connect to (mode 0600), whatever the umask, and listens.
/// The file of a process that is gone is replaced. Unavailable when another process listens there,
/// when something else has that name, or when the system refuses. Two processes that replace the
/// same file at the same moment may both believe that they have it: the folder is to be one
/// daemon's.
[[nodiscard]] Result<UnixSocket> listen_on_unix(const std::string& path, int backlog);

}  // namespace aion::net
