#include "protocol/native/native_api.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "base/spawn.h"
#include "base/version.h"
#include "protocol/native/activity_json.h"
#include "protocol/native/device_json.h"
#include "protocol/native/explain_json.h"

namespace aion::native {

namespace {

struct Route {
  std::string_view name;
  net::HttpMethod method;
};

constexpr std::array<Route, 6> kRoutes{{{"status", net::HttpMethod::Get},
                                        {"config", net::HttpMethod::Get},
                                        {"devices", net::HttpMethod::Get},
                                        {"activity", net::HttpMethod::Get},
                                        {"models", net::HttpMethod::Get},
                                        {"explain", net::HttpMethod::Post}}};

double in_ms(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

net::HttpResponse refused(const Error& error) {
  const int status = error.code == Code::InvalidArgument ? 400
                     : error.code == Code::NotFound      ? 404
                                                         : 500;
  return net::HttpResponse::error(status, error.message);
}

net::HttpResponse answer(const Result<Json>& json) {
  return json ? net::HttpResponse::json(200, to_text(*json)) : refused(json.error());
}

}  // namespace

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

net::HttpResponse NativeApi::explain(const net::HttpRequest& request) const {
  const auto claims = parse_claims(request.body.text(), parts_.ledger);
  if (!claims) {
    return refused(claims.error());
  }
  const auto prospect = parts_.ledger.prospect(*claims);
  if (!prospect) {
    return refused(prospect.error());
  }
  return net::HttpResponse::json(200,
                                 to_text(explain_json(*prospect, parts_.executors.clock().now())));
}

Json NativeApi::models() const {
  Json models = Json::array();
  for (const serving::ModelMemory& model : parts_.server.memory()) {
    models.push_back({{"name", model.name},
                      {"resident", model.is_resident},
                      {"on_demand", model.is_on_demand},
                      {"pinned", model.is_pinned},
                      {"memory_bytes", model.bytes.count},
                      {"loads", model.loads},
                      {"evictions", model.evictions},
                      {"load_ms", in_ms(model.load_time)},
                      {"reload_ms", in_ms(model.reload)}});
  }
  return Json{{"models", std::move(models)}};
}

/// `path` is what follows "models/".
net::HttpResponse NativeApi::pin(std::string_view path, net::HttpMethod method) {
  const std::size_t slash = std::min(path.rfind('/'), path.size());
  const std::string_view verb = path.substr(std::min(slash + 1, path.size()));
  if (verb != "pin" && verb != "unpin") {
    return net::HttpResponse::error(404, "Not Found");
  }
  if (method != net::HttpMethod::Post) {
    return net::HttpResponse::error(405, "Method Not Allowed");
  }
  const std::string name = net::percent_decoded(path.substr(0, slash));
  const auto done = parts_.server.set_pinned(name, verb == "pin");
  return done ? net::HttpResponse::json(200, "{}")
              : net::HttpResponse::error(404, done.error().message);
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
  constexpr std::string_view kOneModel = "models/";
  if (what.starts_with(kOneModel)) {
    co_return pin(what.substr(kOneModel.size()), request.method);
  }
  const auto* const route =
      std::ranges::find(kRoutes, what, [](const Route& one) { return one.name; });
  if (route == kRoutes.end()) {
    co_return net::HttpResponse::error(404, "Not Found");
  }
  if (request.method != route->method) {
    co_return net::HttpResponse::error(405, "Method Not Allowed");
  }
  if (what == "config") {
    co_return net::HttpResponse::json(200, to_text(parts_.settings()));
  }
  if (what == "explain") {
    co_return explain(request);
  }
  if (what == "models") {
    co_return net::HttpResponse::json(200, to_text(models()));
  }
  if (what == "devices") {
    co_await on(parts_.executors.blocking());
    co_return net::HttpResponse::json(
        200, to_text(devices_json(parts_.machine, parts_.ledger, parts_.executors.clock().now())));
  }
  if (what == "activity") {
    co_return answer(co_await activity_json(parts_.server, parts_.ledger));
  }
  co_return answer(co_await status());
}

}  // namespace aion::native
