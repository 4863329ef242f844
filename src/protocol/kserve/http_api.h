// KServe v2 with Triton's extensions over HTTP: everything below /v2.
#pragma once

#include <cstddef>
#include <string>

#include "base/executor.h"
#include "base/task.h"
#include "net/http/server.h"
#include "protocol/kserve/http_parsers.h"
#include "protocol/kserve/infer_decoder.h"
#include "security/authorizer.h"
#include "serving/model_server.h"

namespace aion::kserve {

struct HttpApiConfig {
  std::string name = "aion";  // of the server, in its metadata
  std::string version;
  std::size_t max_input_bytes = 64U << 20U;  // of a request's JSON, and of one tensor in it
};

/// Answers requests for /v2. It decodes and encodes on the connection's io thread; what it waits
/// for runs where the model server sees fit.
///
/// Thread safety: handle() may be called from any thread.
class HttpApi final : public net::HttpHandler {
 public:
  /// All three outlive the handler.
  HttpApi(serving::ModelServer& models,
          security::Authorizer& authorizer,
          Executors& executors,
          HttpApiConfig config);

  [[nodiscard]] Awaitable<net::HttpResponse> handle(net::HttpRequest& request) override;

 private:
  struct Call;

  Awaitable<net::HttpResponse> answer(Call call);
  Awaitable<net::HttpResponse> infer(Call call);
  Awaitable<net::HttpResponse> infer_packed(Call call);
  Awaitable<net::HttpResponse> index(Call call);
  Awaitable<net::HttpResponse> load(Call call);
  Awaitable<net::HttpResponse> unload(Call call);
  [[nodiscard]] Awaitable<net::HttpResponse> answer_when_loaded(Call call);
  [[nodiscard]] net::HttpResponse answer_at_once(const Call& call) const;
  [[nodiscard]] Result<DecodedInfer> decode(const Call& call);
  [[nodiscard]] static RequestContext context_of(const Call& call);

  serving::ModelServer& models_;
  security::Authorizer& authorizer_;
  Executors& executors_;
  HttpApiConfig config_;
  std::string server_metadata_;
  ParserPool parsers_;
};

}  // namespace aion::kserve
