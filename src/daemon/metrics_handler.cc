#include "daemon/metrics_handler.h"

namespace aion::daemon {

Awaitable<net::HttpResponse> MetricsHandler::handle(net::HttpRequest& request) {
  if (request.path != "/metrics" && request.path != "/metrics/") {
    co_return net::HttpResponse::error(404, "Not Found");
  }
  if (request.method != net::HttpMethod::Get && request.method != net::HttpMethod::Head) {
    co_return net::HttpResponse::error(405, "Method Not Allowed");
  }
  net::HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.text = metrics_.text();
  co_return response;
}

}  // namespace aion::daemon
