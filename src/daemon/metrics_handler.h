// Answers GET /metrics with the Prometheus text.
#pragma once

#include "base/metrics.h"
#include "net/http/server.h"

namespace aion::daemon {

class MetricsHandler final : public net::HttpHandler {
 public:
  /// `metrics` outlives the handler.
  explicit MetricsHandler(const Metrics& metrics) : metrics_(metrics) {}

  [[nodiscard]] Awaitable<net::HttpResponse> handle(net::HttpRequest& request) override;

 private:
  const Metrics& metrics_;
};

}  // namespace aion::daemon
