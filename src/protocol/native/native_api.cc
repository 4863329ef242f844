#include "protocol/native/native_api.h"

#include <chrono>

#include <unistd.h>

#include "base/version.h"

namespace aion::native {

NativeApi::NativeApi(Parts parts) : parts_(std::move(parts)), started_(parts_.clock.now()) {}

Task<Json> NativeApi::status() const {
  AION_CO_TRY(const auto rows, co_await parts_.server.index(false));
  Json status;
  status["version"] = kVersion;
  status["pid"] = getpid();
  status["uptime_ms"] =
      std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock.now() - started_).count();
  status["ready"] = parts_.server.is_ready();
  std::size_t ready = 0;
  for (const serving::IndexRow& row : rows) {
    ready += row.state == serving::VersionState::Ready ? 1 : 0;
  }
  status["models"] = {{"ready", ready}, {"not_ready", rows.size() - ready}};
  status["leases"] = Json::array();
  for (const resource::Holding& holding : parts_.ledger.holdings()) {
    status["leases"].push_back({{"holder", holding.claim.holder},
                                {"device", resource::to_string(holding.claim.device)},
                                {"cores", holding.claim.quantity.cores},
                                {"memory_bytes", holding.claim.quantity.memory.count}});
  }
  co_return status;
}

Awaitable<net::HttpResponse> NativeApi::handle(net::HttpRequest& request) {
  const security::Credentials credentials{request.peer_address, request.header("authorization")};
  const auto principal = parts_.authorizer.identify(credentials);
  if (!principal) {
    co_return net::HttpResponse::error(403, principal.error().message);
  }
  const bool is_status = request.path == "/api/aion/v1/status";
  if (!is_status && request.path != "/api/aion/v1/config") {
    co_return net::HttpResponse::error(404, "Not Found");
  }
  if (request.method != net::HttpMethod::Get) {
    co_return net::HttpResponse::error(405, "Method Not Allowed");
  }
  if (!is_status) {
    co_return net::HttpResponse::json(200, to_text(parts_.settings()));
  }
  const auto status = co_await this->status();
  if (!status) {
    co_return net::HttpResponse::error(500, status.error().message);
  }
  co_return net::HttpResponse::json(200, to_text(*status));
}

}  // namespace aion::native
