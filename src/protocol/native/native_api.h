// Aion's own HTTP interface, /api/aion/v1: what no other protocol has a word for.
#pragma once

#include <functional>
#include <string>

#include "base/executor.h"
#include "base/json.h"
#include "net/http/server.h"
#include "resource/ledger.h"
#include "resource/machine.h"
#include "security/authorizer.h"
#include "serving/model_server.h"

namespace aion::native {

/// GET /api/aion/v1/status  ->
/// {"version","pid","uptime_ms","ready","models":{"ready","not_ready"},"leases":[...]} GET
/// /api/aion/v1/config  -> {"settings":[{"key","value","origin"}]}
/// GET /api/aion/v1/devices -> see devices_json()
class NativeApi final : public net::HttpHandler {
 public:
  struct Parts {  // all outlive the handler
    serving::ModelServer& server;
    security::Authorizer& authorizer;
    resource::Machine& machine;
    resource::Ledger& ledger;
    Executors& executors;
    std::function<Json()> settings;
  };
  explicit NativeApi(Parts parts);

  [[nodiscard]] Awaitable<net::HttpResponse> handle(net::HttpRequest& request) override;

 private:
  [[nodiscard]] Task<Json> status() const;

  Parts parts_;
  TimePoint started_;
};

}  // namespace aion::native
