// Which call of the protocol a path of /v2 stands for.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/http/message.h"

namespace aion::kserve {

/// The calls that have a path. Those from Generate on are known but not served yet.
enum class HttpCall : std::uint8_t {
  None,  // no such path
  ServerMetadata,
  Live,
  Ready,
  ModelReady,
  ModelMetadata,
  ModelConfiguration,
  Infer,
  ModelStatistics,
  AllStatistics,
  RepositoryIndex,
  ModelLoad,
  ModelUnload,
  NamedRepository,  // load or unload in a repository that has a name
  Generate,
  Trace,
  Logging,
  SharedMemory,
};

/// A path taken apart; the views point into it.
struct HttpRoute {
  HttpCall call = HttpCall::None;
  bool takes_get = false;
  bool takes_post = false;
  std::string_view model;    // percent-encoded
  std::string_view version;  // digits; empty = none was given

  [[nodiscard]] bool takes(net::HttpMethod method) const {
    return (takes_get && method == net::HttpMethod::Get) ||
           (takes_post && method == net::HttpMethod::Post);
  }
};

/// The route of a path, "/v2" included. No slash at the end is tolerated; the query string is not
/// part of the path.
[[nodiscard]] HttpRoute route_of(std::string_view path);

}  // namespace aion::kserve
