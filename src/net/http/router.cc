// Routes requests to handlers by path prefix.
// Hands a request to the handler that is mounted at the longest prefix of its path.
#include <algorithm>

#include "net/http/server.h"

namespace aion::net {

namespace {

bool matches(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) &&
         (path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/');
}

boost::asio::awaitable<HttpResponse> answer_not_found() {
  co_return HttpResponse::error(404, "Not Found");
}

}  // namespace

void HttpRouter::mount(std::string prefix, HttpHandler& handler) {
  const auto behind = std::find_if(routes_.begin(), routes_.end(), [&](const auto& route) {
    return route.first.size() < prefix.size();
  });
  routes_.emplace(behind, std::move(prefix), &handler);
}

boost::asio::awaitable<HttpResponse> HttpRouter::handle(HttpRequest& request) {
  // No coroutine of its own: the handler's is passed on, which saves a frame per request.
  for (const auto& [prefix, handler] : routes_) {
    if (matches(request.path, prefix)) {
      return handler->handle(request);
    }
  }
  return answer_not_found();
}

}  // namespace aion::net
