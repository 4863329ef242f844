#include "protocol/kserve/http_route.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace aion::kserve {

namespace {

constexpr std::string_view kRoot = "/v2";

/// The parts of a path between its slashes; the longest path that is served has six.
struct Segments {
  std::array<std::string_view, 6> part;
  std::size_t count = 0;

  [[nodiscard]] std::string_view operator[](std::size_t index) const {
    return index < count ? part[index] : "";
  }
  [[nodiscard]] Segments behind(std::size_t first) const {
    Segments rest;
    std::copy(part.begin() + static_cast<std::ptrdiff_t>(first),
              part.begin() + static_cast<std::ptrdiff_t>(count),
              rest.part.begin());
    rest.count = count - first;
    return rest;
  }
};

/// False for more parts than any path has.
bool split(std::string_view text, Segments& segments) {
  while (!text.empty()) {
    if (segments.count == segments.part.size()) {
      return false;
    }
    text.remove_prefix(1);  // the slash
    const std::size_t end = std::min(text.find('/'), text.size());
    segments.part[segments.count++] = text.substr(0, end);
    text.remove_prefix(end);
  }
  return true;
}

HttpRoute get(HttpCall call) {
  return {call, true, false, {}, {}};
}
HttpRoute post(HttpCall call) {
  return {call, false, true, {}, {}};
}
HttpRoute get_or_post(HttpCall call) {
  return {call, true, true, {}, {}};
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

HttpRoute model_call(std::string_view verb) {
  if (verb == "infer") {
    return post(HttpCall::Infer);
  }
  if (verb == "ready") {
    return get(HttpCall::ModelReady);
  }
  if (verb == "stats") {
    return get(HttpCall::ModelStatistics);
  }
  if (verb == "config") {
    return get(HttpCall::ModelConfiguration);
  }
  if (verb == "generate" || verb == "generate_stream") {
    return post(HttpCall::Generate);
  }
  return {};
}

/// models/N[/versions/V][/verb], models/stats, models/N/trace/setting
HttpRoute models_route(const Segments& path) {
  if (path.count == 2 && path[1] == "stats") {
    return get(HttpCall::AllStatistics);
  }
  if (path[1].empty()) {
    return {};
  }
  const bool has_version = path[2] == "versions";
  if (has_version && !is_number(path[3])) {
    return {};
  }
  const Segments rest = path.behind(has_version ? 4 : 2);
  HttpRoute route;
  if (rest.count == 0) {
    route = get(HttpCall::ModelMetadata);
  } else if (rest.count == 1) {
    route = model_call(rest[0]);
  } else if (rest.count == 2 && !has_version && rest[0] == "trace" && rest[1] == "setting") {
    route = get_or_post(HttpCall::Trace);
  }
  route.model = path[1];
  route.version = has_version ? path[3] : "";
  return route;
}

/// repository[/REPO]/index, repository[/REPO]/models/N/load
HttpRoute repository_route(const Segments& path) {
  const bool is_index =
      (path.count == 2 && path[1] == "index") || (path.count == 3 && path[2] == "index");
  if (is_index && !path[1].empty()) {
    return post(HttpCall::RepositoryIndex);
  }
  const bool has_name = path.count == 5 && path[2] == "models" && !path[1].empty();
  if (!has_name && !(path.count == 4 && path[1] == "models")) {
    return {};
  }
  const std::string_view model = path[path.count - 2];
  const std::string_view verb = path[path.count - 1];
  if (model.empty() || (verb != "load" && verb != "unload")) {
    return {};
  }
  HttpRoute route = post(verb == "load" ? HttpCall::ModelLoad : HttpCall::ModelUnload);
  if (has_name) {
    route.call = HttpCall::NamedRepository;
  }
  route.model = model;
  return route;
}

/// KINDsharedmemory[/region/R]/status|unregister, KINDsharedmemory/region/R/register
HttpRoute shared_memory_route(const Segments& path) {
  const bool has_region = path.count == 4 && path[1] == "region" && !path[2].empty();
  if (!has_region && path.count != 2) {
    return {};
  }
  const std::string_view verb = path[path.count - 1];
  if (verb == "status") {
    return get(HttpCall::SharedMemory);
  }
  if (verb == "unregister" || (verb == "register" && has_region)) {
    return post(HttpCall::SharedMemory);
  }
  return {};
}

}  // namespace

HttpRoute route_of(std::string_view path) {
  Segments segments;
  if (!path.starts_with(kRoot) || !split(path.substr(kRoot.size()), segments)) {
    return {};
  }
  const std::string_view first = segments[0];
  if (segments.count == 0) {
    return get(HttpCall::ServerMetadata);
  }
  if (first == "models" && segments.count > 1) {
    return models_route(segments);
  }
  if (first == "repository") {
    return repository_route(segments);
  }
  if (first == "systemsharedmemory" || first == "cudasharedmemory") {
    return shared_memory_route(segments);
  }
  if (segments.count == 2 && first == "health") {
    return segments[1] == "live"    ? get(HttpCall::Live)
           : segments[1] == "ready" ? get(HttpCall::Ready)
                                    : HttpRoute{};
  }
  if (segments.count == 2 && first == "trace" && segments[1] == "setting") {
    return get_or_post(HttpCall::Trace);
  }
  if (segments.count == 1 && first == "logging") {
    return get_or_post(HttpCall::Logging);
  }
  return {};
}

}  // namespace aion::kserve
