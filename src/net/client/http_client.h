// A blocking HTTP client for the command line, on libcurl.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace aion::net {

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds timeout{600'000};  // for the whole exchange
  /// Of the Unix socket to ask, whatever host the url names; empty = none.
  std::string unix_path = {};
};

struct ClientResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

/// One connection, used again for the next request to the same host.
///
/// Thread safety: one thread at a time.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any status is an answer. Unavailable when nobody answers at that address; DeadlineExceeded
  /// when it takes too long; ResourceExhausted when the answer is larger than 2 GiB.
  [[nodiscard]] Result<ClientResponse> send(const ClientRequest& request);

 private:
  void* curl_;  // a CURL handle
};

}  // namespace aion::net
