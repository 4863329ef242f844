#include "net/client/http_client.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <memory>

#include <curl/curl.h>

#include "base/assert.h"

namespace aion::net {

namespace {

constexpr std::size_t kMaxBody = std::size_t{1} << 31U;

std::size_t take_body(const char* data, std::size_t /*one*/, std::size_t size, void* out) {
  auto& body = static_cast<ClientResponse*>(out)->body;
  if (body.size() + size > kMaxBody) {
    return 0;  // libcurl ends the transfer with CURLE_WRITE_ERROR
  }
  body.append(data, size);
  return size;
}

std::size_t take_header(const char* data, std::size_t /*one*/, std::size_t size, void* out) {
  const std::string line(data, size);
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos) {
    return size;
  }
  std::string name = line.substr(0, colon);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
  const std::size_t end = line.find_last_not_of(" \t\r\n");
  static_cast<ClientResponse*>(out)->headers[name] =
      begin == std::string::npos || begin > end ? "" : line.substr(begin, end - begin + 1);
  return size;
}

Error error_of(CURLcode code, const std::string& url) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Error{Code::DeadlineExceeded, "no answer from " + url + " in time"};
    case CURLE_WRITE_ERROR:
      return Error{Code::ResourceExhausted, "the answer from " + url + " is larger than 2 GiB"};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Error{Code::InvalidArgument, "'" + url + "' is no http address"};
    default:
      return Error{Code::Unavailable, "nobody answers at " + url + ": " + curl_easy_strerror(code)};
  }
}

}  // namespace

HttpClient::HttpClient() : curl_(curl_easy_init()) {
  AION_ASSERT(curl_ != nullptr);
}

HttpClient::~HttpClient() {
  curl_easy_cleanup(curl_);
}

Result<ClientResponse> HttpClient::send(const ClientRequest& request) {
  CURL* const curl = curl_;
  ClientResponse response;
  curl_easy_reset(curl);
  curl_slist* list = nullptr;
  for (const auto& [name, value] : request.headers) {
    list = curl_slist_append(list, (name + ": " + value).c_str());
  }
  list = curl_slist_append(list, "Expect:");  // no wait for 100-continue before a large body
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  if (!request.unix_path.empty()) {
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request.unix_path.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(
      curl, CURLOPT_NOPROXY, "*");  // the daemon is on this machine, whatever the shell says
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(
      curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);  // else it would wait for a body that never comes
  } else if (request.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(
        curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &response);
  if (const CURLcode code = curl_easy_perform(curl); code != CURLE_OK) {
    return error_of(code, request.url);
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  return response;
}

}  // namespace aion::net
