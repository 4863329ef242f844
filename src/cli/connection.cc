#include "cli/connection.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

namespace aion::cli {

namespace {

constexpr auto kDefaultUrl = "http://127.0.0.1:8000";

std::string variable(const char* name) {
  const char* const value =
      std::getenv(name);  // NOLINT(concurrency-mt-unsafe): commands have one thread
  return value != nullptr ? value : "";
}

/// The folder in which `aion up` publishes where it listens, if somebody named it.
std::optional<std::filesystem::path> named_folder(const Arguments& arguments) {
  if (const auto given = arguments.value("data-dir")) {
    return *given;
  }
  const std::string set = variable("AION_DATA_DIR");
  return set.empty() ? std::nullopt : std::optional<std::filesystem::path>(set);
}

std::filesystem::path usual_folder() {
  if (const std::string state = variable("XDG_STATE_HOME"); !state.empty()) {
    return std::filesystem::path(state) / "aion";
  }
  return std::filesystem::path(variable("HOME")) / ".local/state/aion";
}

/// The address in a daemon.json; empty when there is none.
std::string published_url(const std::filesystem::path& folder) {
  std::ifstream in(folder / "daemon.json");
  std::ostringstream text;
  text << in.rdbuf();
  const auto json = parse_json(text.str());
  if (!json || !json->is_object()) {
    return "";
  }
  const std::string host = json->value("host", "127.0.0.1");
  return "http://" + (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
         std::to_string(json->value("http", 8000));
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
  return {{"url", "URL", "address of the daemon, e.g. http://127.0.0.1:8000"},
          {"data-dir", "DIR", "data folder of the daemon, to find its address"}};
}

Result<std::string> daemon_url(const Arguments& arguments) {
  std::string url = arguments.value("url").value_or(variable("AION_URL"));
  if (url.empty()) {
    const auto named = named_folder(arguments);
    url = published_url(named.value_or(usual_folder()));
    if (url.empty() && named) {
      return Error{Code::Unavailable,
                   "no daemon runs on the data folder '" + named->string() +
                       "'; start one with `aion up --data-dir " + named->string() + "`"};
    }
  }
  if (url.empty()) {
    return std::string(kDefaultUrl);
  }
  if (url.find("://") == std::string::npos) {
    url.insert(0, "http://");
  }
  while (url.ends_with('/')) {
    url.pop_back();
  }
  return url;
}

Result<net::ClientResponse> Connection::send(net::ClientRequest request) {
  request.url.insert(0, url_);
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
  return response.body.empty() ? Result<Json>(Json()) : parse_json(response.body);
}

Result<Json> Connection::post(const std::string& path, const std::string& body) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = path;
  request.body = body;
  request.headers = {{"Content-Type", "application/json"}};
  AION_TRY(const auto response, send(std::move(request)));
  return response.body.empty() ? Result<Json>(Json()) : parse_json(response.body);
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
