#include "protocol/native/native_api.h"

#include <chrono>

#include <unistd.h>

#include "base/spawn.h"
#include "base/version.h"
#include "protocol/native/device_json.h"

namespace aion::native {

NativeApi::NativeApi(Parts parts)
    : parts_(std::move(parts)), started_(parts_.executors.clock().now()) {}

Task<Json> NativeApi::status() const {
  AION_CO_TRY(const auto rows, co_await parts_.server.index(false));
  Json status;
  status["version"] = kVersion;
  status["pid"] = getpid();
  status["uptime_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(
                            parts_.executors.clock().now() - started_)
                            .count();
  status["ready"] = parts_.server.is_ready();
  std::size_t ready = 0;
  for (const serving::IndexRow& row : rows) {
    ready += row.state == serving::VersionState::Ready ? 1 : 0;
  }
  status["models"] = {{"ready", ready}, {"not_ready", rows.size() - ready}};
  status["leases"] = Json::array();
  for (const resource::Holding& holding : parts_.ledger.holdings()) {
    status["leases"].push_back(to_json(holding));
  }
  co_return status;
}

Awaitable<net::HttpResponse> NativeApi::handle(net::HttpRequest& request) {
  const security::Credentials credentials{request.peer_address, request.header("authorization")};
  const auto principal = parts_.authorizer.identify(credentials);
  if (!principal) {
    co_return net::HttpResponse::error(403, principal.error().message);
  }
  constexpr std::string_view kRoot = "/api/aion/v1/";
  const std::string_view path = request.path;
  const std::string_view what = path.starts_with(kRoot) ? path.substr(kRoot.size()) : "";
  if (what != "status" && what != "config" && what != "devices") {
    co_return net::HttpResponse::error(404, "Not Found");
  }
  if (request.method != net::HttpMethod::Get) {
    co_return net::HttpResponse::error(405, "Method Not Allowed");
  }
  if (what == "config") {
    co_return net::HttpResponse::json(200, to_text(parts_.settings()));
  }
  if (what == "devices") {
    co_await on(parts_.executors.blocking());
    co_return net::HttpResponse::json(
        200, to_text(devices_json(parts_.machine, parts_.ledger, parts_.executors.clock().now())));
  }
  const auto status = co_await this->status();
  if (!status) {
    co_return net::HttpResponse::error(500, status.error().message);
  }
  co_return net::HttpResponse::json(200, to_text(*status));
}

}  // namespace aion::native
