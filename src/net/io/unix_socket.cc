#include "net/io/unix_socket.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace aion::net {

namespace {

constexpr std::size_t kMaxPath = sizeof(sockaddr_un{}.sun_path) - 1;  // unix(7)

Error cannot_listen(const std::string& path, const std::string& why) {
  return Error{Code::Unavailable, "cannot listen on unix:" + path + ": " + why};
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
  return address;
}

int make_socket() {
  return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/// 0, or the errno of a connection that is closed at once.
int try_connection(const sockaddr_un& address) {
  const int probe = make_socket();
  if (probe < 0) {
    return errno;
  }
  const int failure =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0
                                                                                          : errno;
  ::close(probe);
  return failure;
}

/// Removes the socket of a process that is gone.
Result<void> make_way(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? Result<void>{} : cannot_listen(path, std::strerror(errno));
  }
  if (!S_ISSOCK(status.st_mode)) {
    return cannot_listen(path, "a file that is no socket has this name");
  }
  const int failure = try_connection(address);
  if (failure == 0 || failure == EAGAIN) {  // EAGAIN: more wait there than it accepts
    return cannot_listen(path, "another process listens there");
  }
  if (failure != ECONNREFUSED) {
    return cannot_listen(path, std::strerror(failure));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return cannot_listen(path, std::strerror(errno));
  }
  return {};
}

}  // namespace

void UnixSocketFile::remove() const {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && status.st_dev == device && status.st_ino == inode) {
    ::unlink(path.c_str());
  }
}

Result<void> check_unix_path(const std::string& path) {
  if (path.empty() || path.size() > kMaxPath || path.find('\0') != std::string::npos) {
    return Error{Code::InvalidArgument,
                 "expected a path of 1 to " + std::to_string(kMaxPath) + " bytes, got " +
                     std::to_string(path.size())};
  }
  return {};
}

Result<UnixSocket> listen_on_unix(const std::string& path, int backlog) {
  AION_TRY_VOID(check_unix_path(path));
  const sockaddr_un address = address_of(path);
  AION_TRY_VOID(make_way(path, address));
  const int descriptor = make_socket();
  struct stat status {};
  // Before it is bound: Linux gives the file the mode of the socket, so that it is never open to
  // others.
  const bool listens =
      descriptor >= 0 && ::fchmod(descriptor, S_IRUSR | S_IWUSR) == 0 &&
      ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::listen(descriptor, backlog) == 0 && ::lstat(path.c_str(), &status) == 0;
  if (!listens) {
    const int failure = errno;
    if (descriptor >= 0) {
      ::close(descriptor);
    }
    return cannot_listen(path, std::strerror(failure));
  }
  return UnixSocket{descriptor, {path, status.st_dev, status.st_ino}};
}

}  // namespace aion::net
