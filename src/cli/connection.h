// Where the daemon is, and how commands talk to it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/command.h"
#include "net/client/http_client.h"

namespace aion::cli {

/// Where the settings say that a daemon is.
struct Place {
  std::filesystem::path data_dir;
  bool is_folder_named = false;  // by a flag, the environment or a file; else it is the usual one
  std::string host = "127.0.0.1";
  std::uint16_t http_port = 8000;
  bool is_port_a_flag = false;  // somebody means this port, whatever a data folder says
};

/// Finds the place as `aion up` would with the same flags, environment and file. The program hands
/// it in: it knows the settings.
using FindPlace = std::function<Result<Place>(const Arguments&)>;

/// The flags --url, --data-dir, --listen, --http-port and --config, for every command that talks to
/// a daemon.
[[nodiscard]] std::vector<Option> connection_options();

/// The daemon's HTTP address, without a slash at the end: --url, else AION_URL, else --http-port,
/// else what the daemon of the data folder has published, else the address of the settings. A
/// folder that was named is never passed over: Unavailable when no daemon has published itself
/// there.
[[nodiscard]] Result<std::string> daemon_url(const Arguments& arguments, const FindPlace& find);

/// Host and port of an address like http://127.0.0.1:8000, the host without the brackets of an IPv6
/// address; InvalidArgument for another scheme or anything behind the port.
struct Endpoint {
  std::string host;
  std::uint16_t port = 80;
};
[[nodiscard]] Result<Endpoint> endpoint_of(const std::string& url);

/// The daemon has said something that makes no sense: neither wrong use nor a fault of this
/// program.
[[nodiscard]] Error bad_answer(const std::string& what);

/// Runs `read`, which takes an answer apart and returns a Result. What it finds wrong, or what the
/// JSON library throws at it, becomes a bad_answer().
template <class Read>
[[nodiscard]] auto read_answer(Read read) -> decltype(read()) {
  try {
    auto result = read();
    if (!result) {
      return bad_answer(result.error().message);
    }
    return result;
  } catch (const Json::exception& e) {
    return bad_answer(e.what());
  }
}

/// The secret that shows the daemon that its owner asks: AION_TOKEN, else what stands in the data
/// folder's file "token". Empty without one, and where --url names another address: a secret goes
/// to nobody whom the data folder does not know.
[[nodiscard]] std::string owner_token(const Arguments& arguments, const FindPlace& find);

/// Talks to one daemon.
class Connection {
 public:
  explicit Connection(std::string url, std::string token = {})
      : url_(std::move(url)), token_(std::move(token)) {}

  [[nodiscard]] const std::string& url() const { return url_; }

  /// A 2xx answer with its JSON body (null if empty). Else the daemon's own words; Unavailable
  /// tells to start one.
  [[nodiscard]] Result<Json> get(const std::string& path);
  [[nodiscard]] Result<Json> post(const std::string& path, const std::string& body);
  /// The same without reading the body as JSON.
  [[nodiscard]] Result<net::ClientResponse> send(net::ClientRequest request);

 private:
  std::string url_;
  std::string token_;  // empty = none is shown
  net::HttpClient client_;
};

/// A path segment with everything but letters, digits and "-._~" percent-encoded (RFC 3986).
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// Prints the error; the exit status of a command that failed.
Exit failed(const Error& error);

}  // namespace aion::cli
