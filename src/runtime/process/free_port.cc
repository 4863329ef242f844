#include "runtime/process/free_port.h"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace aion::runtime {

Result<std::uint16_t> free_port() {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool is_bound =
      made >= 0 && ::bind(made, any, size) == 0 && ::getsockname(made, any, &size) == 0;
  const int why = errno;
  if (made >= 0) {
    ::close(made);
  }
  if (!is_bound) {
    return Error{Code::Unavailable, std::string("no free port: ") + std::strerror(why)};
  }
  return ntohs(address.sin_port);
}

}  // namespace aion::runtime
