#include "cli/connection.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/ip_address.h"

namespace aion::cli {

namespace {

constexpr std::size_t kMaxAddressFile = 64U << 10U;
constexpr std::string_view kUnixScheme = "unix:";

std::string variable(const char* name) {
  const char* const value =
      std::getenv(name);  // NOLINT(concurrency-mt-unsafe): commands have one thread
  return value != nullptr ? value : "";
}

/// The address in a daemon.json; empty when there is none.
std::string published_url(const std::filesystem::path& folder) {
  const auto text = read_file(folder / "daemon.json", kMaxAddressFile);
  const auto json = text ? parse_json(*text) : Result<Json>(Json());
  if (!json || !json->is_object() || !json->contains("host") || !json->contains("http")) {
    return "";
  }
  const Json& host = (*json)["host"];
  const Json& port = (*json)["http"];
  return host.is_string() && port.is_number_unsigned()
             ? "http://" + with_port(host.get<std::string>(), port.get<unsigned>())
             : "";
}

/// What stands between the scheme and the path: "127.0.0.1:8000".
std::string authority_of(const std::string& url) {
  const std::size_t begin = url.find("://") + 3;
  return url.substr(begin, url.find_first_of("/?#", begin) - begin);
}

Result<Endpoint> parse_authority(const std::string& authority) {
  const Error wrong{Code::InvalidArgument,
                    "expected an address like http://127.0.0.1:8000 or http://[::1]:8000, got '" +
                        authority + "'"};
  const bool is_v6 = authority.starts_with('[');
  const std::size_t close = is_v6 ? authority.find(']') : 0;
  if (close == std::string::npos) {
    return wrong;
  }
  const std::size_t colon = authority.find(':', close);
  Endpoint endpoint;
  endpoint.host = is_v6 ? authority.substr(1, close - 1) : authority.substr(0, colon);
  const bool is_cut = is_v6 && colon != close + 1 && close + 1 != authority.size();
  if (endpoint.host.empty() || is_cut) {
    return wrong;
  }
  if (colon != std::string::npos) {
    const char* const end = authority.data() + authority.size();
    const auto parsed = std::from_chars(authority.data() + colon + 1, end, endpoint.port);
    if (parsed.ec != std::errc{} || parsed.ptr != end || endpoint.port == 0) {
      return wrong;
    }
  }
  return endpoint;
}

/// An address that somebody has written, with a scheme and without a slash at the end; "unix:" and
/// a path as it is.
Result<std::string> checked_url(std::string url) {
  if (url.starts_with(kUnixScheme)) {
    if (url.size() == kUnixScheme.size()) {
      return Error{Code::InvalidArgument, "--url: expected a path behind 'unix:', got nothing"};
    }
    return url;
  }
  if (url.find("://") == std::string::npos) {
    url.insert(0, "http://");
  }
  while (url.ends_with('/')) {
    url.pop_back();
  }
  const std::string authority = authority_of(url);
  const std::size_t at = authority.find('@');
  const auto endpoint =
      parse_authority(at == std::string::npos ? authority : authority.substr(at + 1));
  if (!endpoint) {
    return in_context("--url", endpoint.error());
  }
  return url;
}

Result<Json> json_of(const std::string& body) {
  if (body.empty()) {
    return Json();
  }
  return read_answer([&] { return parse_json(body); });
}

/// The daemon's own sentence out of {"error": "..."}, else the body as it is.
std::string message_of(const net::ClientResponse& response) {
  const auto json = parse_json(response.body);
  if (json && json->is_object() && json->contains("error") && (*json)["error"].is_string()) {
    return (*json)["error"].get<std::string>();
  }
  return response.body.empty()
             ? "the daemon answered with status " + std::to_string(response.status)
             : response.body;
}

}  // namespace

std::vector<Option> connection_options() {
  return {{"url", "URL", "address of the daemon: http://127.0.0.1:8000, or unix:PATH"},
          {"data-dir", "DIR", "data folder of the daemon, to find its address"},
          {"listen", "ADDRESS", "address that the daemon listens on"},
          {"http-port", "PORT", "port that the daemon listens on"},
          {"config", "FILE", "TOML file that the daemon reads instead of the user's aion.toml"}};
}

Result<std::string> daemon_url(const Arguments& arguments, const FindPlace& find) {
  if (const auto url = arguments.value("url").value_or(variable("AION_URL")); !url.empty()) {
    return checked_url(url);
  }
  AION_TRY(const Place place, find(arguments));
  const std::string configured = "http://" + with_port(place.host, place.http_port);
  if (place.is_port_a_flag) {
    return configured;
  }
  const std::string published = published_url(place.data_dir);
  if (published.empty() && (place.is_folder_named || place.http_port == 0)) {
    const std::string folder = place.data_dir.string();
    return Error{Code::Unavailable,
                 "no daemon runs on the data folder '" + folder +
                     "'; start one with `aion up --data-dir " + folder + "`"};
  }
  return published.empty() ? configured : published;
}

std::string owner_token(const Arguments& arguments, const FindPlace& find) {
  if (const std::string given = variable("AION_TOKEN"); !given.empty()) {
    return given;
  }
  if (arguments.value("url") || !variable("AION_URL").empty()) {
    return "";
  }
  const auto place = find(arguments);
  if (!place) {
    return "";
  }
  constexpr std::size_t kMostToken = 4096;
  const auto text = read_file(place->data_dir / "token", kMostToken);
  return text ? text->substr(0, text->find('\n')) : "";
}

Result<Endpoint> endpoint_of(const std::string& url) {
  const std::string authority = authority_of(url);
  if (url != "http://" + authority) {
    return Error{
        Code::InvalidArgument,
        "expected an address like http://127.0.0.1:8000 and nothing behind it, got '" + url + "'"};
  }
  return parse_authority(authority);
}

Error bad_answer(const std::string& what) {
  return Error{Code::Unavailable, "the daemon's answer is not understood: " + what};
}

Result<net::ClientResponse> Connection::send(net::ClientRequest request) {
  if (url_.starts_with(kUnixScheme)) {
    request.unix_path = url_.substr(kUnixScheme.size());
    request.url.insert(0, "http://localhost");
  } else {
    request.url.insert(0, url_);
  }
  if (!token_.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + token_);
  }
  auto response = client_.send(request);
  if (!response && response.error().code == Code::Unavailable) {
    return Error{Code::Unavailable, "no Aion answers at " + url_ + "; start one with `aion up`"};
  }
  if (response && response->status / 100 != 2) {
    return Error{response->status == 404 ? Code::NotFound : Code::Internal, message_of(*response)};
  }
  return response;
}

Result<Json> Connection::get(const std::string& path) {
  net::ClientRequest request;
  request.url = path;
  AION_TRY(const auto response, send(std::move(request)));
  return json_of(response.body);
}

Result<Json> Connection::post(const std::string& path, const std::string& body) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = path;
  request.body = body;
  request.headers = {{"Content-Type", "application/json"}};
  AION_TRY(const auto response, send(std::move(request)));
  return json_of(response.body);
}

std::string percent_encoded(std::string_view text) {
  constexpr auto kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  constexpr auto kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (std::string_view(kPlain).find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    }
  }
  return out;
}

Exit failed(const Error& error) {
  say_error(error.message);
  return error.code == Code::InvalidArgument ? Exit::WrongUse : Exit::Failed;
}

}  // namespace aion::cli
