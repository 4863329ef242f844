// Aion's own HTTP interface, /api/aion/v1: what no other protocol has a word for.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/executor.h"
#include "base/json.h"
#include "net/http/server.h"
#include "resource/ledger.h"
#include "resource/machine.h"
#include "security/authorizer.h"
#include "serving/model_server.h"

namespace aion::native {

/// GET  /api/aion/v1/status  -> {"version","pid","uptime_ms","ready","models":{"ready",
///                              "not_ready"},"leases":[...]}
/// GET  /api/aion/v1/config  -> {"settings":[{"key","value","origin"}]}
/// GET  /api/aion/v1/devices -> see devices_json()
/// GET  /api/aion/v1/activity -> see activity_json()
/// GET  /api/aion/v1/models  -> {"models":[{"name","resident","on_demand","pinned","memory_bytes",
///                              "loads","evictions","load_ms","reload_ms"}]}: those that have been
///                              loaded or load on demand
/// POST /api/aion/v1/models/NAME/pin, .../unpin -> {}: a pinned model is never evicted
/// POST /api/aion/v1/explain -> takes what parse_claims() reads; see explain_json()
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
  [[nodiscard]] net::HttpResponse explain(const net::HttpRequest& request) const;
  [[nodiscard]] Json models() const;
  [[nodiscard]] net::HttpResponse pin(std::string_view path, net::HttpMethod method);

  Parts parts_;
  TimePoint started_;
};

}  // namespace aion::native
