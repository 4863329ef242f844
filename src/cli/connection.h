// Where the daemon is, and how commands talk to it.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/command.h"
#include "net/client/http_client.h"

namespace aion::cli {

/// The flags --url and --data-dir, for every command that talks to a daemon.
[[nodiscard]] std::vector<Option> connection_options();

/// The daemon's HTTP address, without a slash at the end: --url, else AION_URL, else what the
/// daemon of the data folder (--data-dir, AION_DATA_DIR, else the user's state folder) has
/// published, else http://127.0.0.1:8000. A folder that was named is never passed over: Unavailable
/// when no daemon has published itself there.
[[nodiscard]] Result<std::string> daemon_url(const Arguments& arguments);

/// Talks to one daemon.
class Connection {
 public:
  explicit Connection(std::string url) : url_(std::move(url)) {}

  [[nodiscard]] const std::string& url() const { return url_; }

  /// A 2xx answer with its JSON body (null if empty). Else the daemon's own words; Unavailable
  /// tells to start one.
  [[nodiscard]] Result<Json> get(const std::string& path);
  [[nodiscard]] Result<Json> post(const std::string& path, const std::string& body);
  /// The same without reading the body as JSON.
  [[nodiscard]] Result<net::ClientResponse> send(net::ClientRequest request);

 private:
  std::string url_;
  net::HttpClient client_;
};

/// A path segment with everything but letters, digits and "-._~" percent-encoded (RFC 3986).
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// Prints the error; the exit status of a command that failed.
Exit failed(const Error& error);

}  // namespace aion::cli
