#include "protocol/kserve/http_api.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "net/compression.h"
#include "protocol/kserve/errors.h"
#include "protocol/kserve/http_documents.h"
#include "protocol/kserve/http_route.h"
#include "protocol/kserve/infer_encoder.h"
#include "protocol/kserve/infer_fault.h"
#include "protocol/kserve/model_config.h"
#include "protocol/kserve/urgency.h"

// g++ 12 takes the frame of a coroutine that it has inlined halfway for memory of another
// allocator; both ends are asio's own.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace aion::kserve {

/// One request on its way: checked as far as its path and headers go.
struct HttpApi::Call {
  net::HttpRequest& request;
  HttpRoute route;
  std::string model;         // decoded; empty for calls without one
  std::int64_t version = 0;  // 0 = none was given
  std::shared_ptr<const Principal> principal;
  std::optional<std::string_view> header_length;
  std::string_view deadline_ms;  // empty = none was given
  std::string_view criticality;
  net::Compression packed = net::Compression::Identity;  // of its body
  net::Compression wanted = net::Compression::Identity;  // of its answer
};

namespace {

using net::HttpResponse;

// A smaller answer goes in one network packet, packed or not.
constexpr std::size_t kWorthPacking = 1U << 10U;

/// The headers that matter here, found in one pass.
struct KnownHeaders {
  std::string_view authorization;
  std::string_view content_encoding;
  std::string_view accept_encoding;
  std::string_view deadline_ms;
  std::string_view criticality;
  std::optional<std::string_view>
      header_length;  // present but empty is a fault, so it differs from absent
};

bool is_same_name(std::string_view sent, std::string_view lower) {
  if (sent.size() != lower.size()) {
    return false;
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const char c =
        sent[i] >= 'A' && sent[i] <= 'Z' ? static_cast<char>(sent[i] - 'A' + 'a') : sent[i];
    if (c != lower[i]) {
      return false;
    }
  }
  return true;
}

KnownHeaders known_headers(const std::vector<net::HttpHeader>& headers) {
  KnownHeaders known;
  for (const net::HttpHeader& header : headers) {
    if (is_same_name(header.name, "inference-header-content-length")) {
      known.header_length = header.value;
    } else if (is_same_name(header.name, "content-encoding")) {
      known.content_encoding = header.value;
    } else if (is_same_name(header.name, "accept-encoding")) {
      known.accept_encoding = header.value;
    } else if (is_same_name(header.name, "authorization")) {
      known.authorization = header.value;
    } else if (is_same_name(header.name, kDeadlineHeader)) {
      known.deadline_ms = header.value;
    } else if (is_same_name(header.name, kCriticalityHeader)) {
      known.criticality = header.value;
    }
  }
  return known;
}

/// Nothing for what we cannot unpack.
std::optional<net::Compression> packed_as(std::string_view content_encoding) {
  using net::Compression;
  for (const Compression known : {Compression::Identity, Compression::Deflate, Compression::Gzip}) {
    if (is_same_name(content_encoding, net::to_string(known))) {
      return known;
    }
  }
  return content_encoding.empty() ? std::optional(Compression::Identity) : std::nullopt;
}

/// Keeps the one answer that HTTP has room for.
class OneAnswer final : public serving::InferSink {
 public:
  void send(serving::InferResponse response) override {
    ++count_;
    answer_ = std::move(response);
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const serving::InferResponse& answer() const { return answer_; }

 private:
  std::size_t count_ = 0;
  serving::InferResponse answer_;
};

HttpResponse answer_to_infer(const AnswerHead& head,
                             const OneAnswer& sink,
                             const OutputFormat& format) {
  if (sink.count() != 1) {
    return HttpResponse::error(500,
                               "model '" + std::string(head.model) + "' gave " +
                                   std::to_string(sink.count()) +
                                   " responses where one was expected");
  }
  Result<HttpResponse> answer = encode_infer(head, sink.answer(), format);
  return answer ? *std::move(answer) : http_error(answer.error());
}

Awaitable<HttpResponse> finished(HttpResponse response) {
  co_return response;
}

HttpResponse method_refusal(const HttpRoute& route) {
  HttpResponse response = HttpResponse::error(405, "Method Not Allowed");
  response.headers.emplace_back("Allow",
                                route.takes_get && route.takes_post ? "GET, POST"
                                : route.takes_get                   ? "GET"
                                                                    : "POST");
  return response;
}

HttpResponse compression_refusal(bool is_infer) {
  HttpResponse response = HttpResponse::error(501, "Unsupported compression type");
  response.headers.emplace_back("Accept-Encoding", is_infer ? "gzip, deflate" : "identity");
  return response;
}

std::size_t body_size(const HttpResponse& response) {
  std::size_t size = response.text.size();
  for (const SharedBytes& part : response.parts) {
    size += part.size;
  }
  return size;
}

/// Packs the body, unless that makes it no smaller.
void pack_body(HttpResponse& response, net::Compression compression) {
  std::vector<std::string_view> pieces{response.text};
  for (const SharedBytes& part : response.parts) {
    pieces.push_back(part.text());
  }
  std::string packed = net::pack(pieces, compression);
  if (packed.size() < body_size(response)) {
    response.text = std::move(packed);
    response.parts.clear();
    response.headers.emplace_back("Content-Encoding", net::to_string(compression));
  }
}

HttpResponse empty_answer(int status) {
  HttpResponse response;
  response.status = status;
  return response;
}

/// Who waits for a device that is busy for the moment waits for less than the second that the
/// header can say at least (RFC 9110, 10.2.3).
HttpResponse refusal(const Error& error) {
  HttpResponse response = http_error(error);
  if (error.code == Code::Unavailable || error.code == Code::DeadlineExceeded) {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

Result<std::string> model_name(std::string_view encoded) {
  std::string name = net::percent_decoded(encoded);
  if (name.find('/') != std::string::npos || name.find('\0') != std::string::npos ||
      !is_utf8(name)) {
    return Error{
        Code::InvalidArgument,
        "the model name in the path must be UTF-8 without '/' and NUL; got " + in_quotes(name)};
  }
  return name;
}

Result<std::int64_t> version_number(const std::string& model, std::string_view text) {
  std::int64_t number = 0;
  if (text.empty()) {
    return number;
  }
  const auto failed = std::from_chars(text.data(), text.data() + text.size(), number).ec;
  if (failed != std::errc{} || number == 0) {
    return Error{Code::NotFound,
                 "Request for unknown model: '" + model + "' version " +
                     std::string(text.substr(0, 64)) + " is not found"};
  }
  return number;
}

std::string_view what_is_unsupported(HttpCall call) {
  switch (call) {
    case HttpCall::NamedRepository:
      return "'repository_name' specification is not supported";
    case HttpCall::Generate:
      return "the generate extension is unsupported";
    case HttpCall::Trace:
      return "the trace extension is unsupported";
    case HttpCall::Logging:
      return "the logging extension is unsupported";
    default:
      return "Client shared memory is disabled: the shared memory extensions are unsupported";
  }
}

}  // namespace

HttpApi::HttpApi(serving::ModelServer& models,
                 security::Authorizer& authorizer,
                 Executors& executors,
                 HttpApiConfig config)
    : models_(models),
      authorizer_(authorizer),
      executors_(executors),
      config_(std::move(config)),
      server_metadata_(server_metadata_text(config_.name, config_.version)) {}

Awaitable<net::HttpResponse> HttpApi::handle(net::HttpRequest& request) {
  const HttpRoute route = route_of(request.path);
  if (route.call == HttpCall::None) {
    return finished(HttpResponse::error(404, "Not Found"));
  }
  if (!route.takes(request.method)) {
    return finished(method_refusal(route));
  }
  const KnownHeaders headers = known_headers(request.headers);
  auto principal = authorizer_.identify({request.peer_address, headers.authorization});
  if (!principal) {
    return finished(http_error(principal.error()));
  }
  const bool is_infer = route.call == HttpCall::Infer;
  const auto packed = packed_as(headers.content_encoding);
  if (!packed || (*packed != net::Compression::Identity && !is_infer)) {
    return finished(compression_refusal(is_infer));
  }
  Result<std::string> model = model_name(route.model);
  if (!model) {
    return finished(http_error(model.error()));
  }
  const Result<std::int64_t> version = version_number(*model, route.version);
  if (!version) {
    return finished(http_error(version.error()));
  }
  return answer(
      Call{request,
           route,
           *std::move(model),
           *version,
           *std::move(principal),
           headers.header_length,
           headers.deadline_ms,
           headers.criticality,
           *packed,
           is_infer ? net::best_accepted(headers.accept_encoding) : net::Compression::Identity});
}

/// Not a coroutine itself: a call that waits for nothing costs one frame.
Awaitable<net::HttpResponse> HttpApi::answer(Call call) {
  switch (call.route.call) {
    case HttpCall::Infer:
      return call.packed == net::Compression::Identity && call.wanted == net::Compression::Identity
                 ? infer(std::move(call))
                 : infer_packed(std::move(call));
    case HttpCall::RepositoryIndex:
      return index(std::move(call));
    case HttpCall::ModelLoad:
      return load(std::move(call));
    case HttpCall::ModelUnload:
      return unload(std::move(call));
    case HttpCall::ModelMetadata:
    case HttpCall::ModelConfiguration:
      return models_.must_load_first(call.model, call.version) ? answer_when_loaded(std::move(call))
                                                               : finished(answer_at_once(call));
    default:
      return finished(answer_at_once(call));
  }
}

/// For a model whose file nobody has read yet.
Awaitable<net::HttpResponse> HttpApi::answer_when_loaded(Call call) {
  const Result<void> brought = co_await models_.bring(context_of(call), call.model, call.version);
  co_return brought ? answer_at_once(call) : http_error(brought.error());
}

net::HttpResponse HttpApi::answer_at_once(const Call& call) const {
  switch (call.route.call) {
    case HttpCall::ServerMetadata:
      return HttpResponse::json(200, server_metadata_);
    case HttpCall::Live:
      return empty_answer(models_.is_live() ? 200 : 400);
    case HttpCall::Ready:
      return empty_answer(models_.is_ready() ? 200 : 400);
    case HttpCall::ModelReady:
      return models_.is_model_ready(call.model, call.version)
                 ? empty_answer(200)
                 : HttpResponse::error(400, "Model version not ready");
    case HttpCall::ModelMetadata: {
      const auto metadata = models_.metadata(call.model, call.version);
      return metadata ? HttpResponse::json(200, model_metadata_text(*metadata))
                      : http_error(metadata.error());
    }
    case HttpCall::ModelConfiguration: {
      const auto version = models_.find(call.model, call.version);
      return version ? HttpResponse::json(200, json_text_of(model_config_of(**version)))
                     : http_error(version.error());
    }
    case HttpCall::ModelStatistics:
    case HttpCall::AllStatistics: {
      const auto statistics = models_.statistics(call.model, call.version);
      return statistics ? HttpResponse::json(200, statistics_text(*statistics))
                        : http_error(statistics.error());
    }
    default:
      return HttpResponse::error(501, what_is_unsupported(call.route.call));
  }
}

Result<DecodedInfer> HttpApi::decode(const Call& call) {
  AION_TRY(const auto version, models_.find(call.model, call.version));
  if (version->is_decoupled) {
    return Error{Code::Unimplemented,
                 "HTTP end point doesn't support models with decoupled transaction policy"};
  }
  const InferBody body{call.request.body, call.request.body_padding, call.header_length};
  const InferTarget target{call.model,
                           call.version,
                           version->signature,
                           config_.max_input_bytes,
                           version->max_batch_size > 0};
  ParserPool::Loan loan = parsers_.borrow();
  AION_TRY(DecodedInfer decoded, decode_infer(body, target, loan.parser()));
  AION_TRY_VOID(add_urgency(call.deadline_ms, call.criticality, decoded.request));
  return decoded;
}

RequestContext HttpApi::context_of(const Call& call) {
  RequestContext context = call.request.context;
  context.principal = call.principal;
  return context;
}

Awaitable<net::HttpResponse> HttpApi::infer(Call call) {
  if (models_.must_load_first(call.model, call.version)) {
    const Result<void> brought = co_await models_.bring(context_of(call), call.model, call.version);
    if (!brought) {
      co_return http_error(brought.error());
    }
  }
  Result<DecodedInfer> decoded = decode(call);
  if (!decoded) {
    co_return http_error(decoded.error());
  }
  const std::string id = decoded->request.id;
  OneAnswer sink;
  const Result<void> ended =
      co_await models_.infer(context_of(call), std::move(decoded->request), sink);
  if (!ended) {
    co_return refusal(ended.error());
  }
  const AnswerHead head{call.model, id};
  co_return answer_to_infer(head, sink, decoded->format);
}

/// Packing and unpacking take too long for an io thread.
Awaitable<net::HttpResponse> HttpApi::infer_packed(Call call) {
  if (call.packed != net::Compression::Identity) {
    co_await on(executors_.compute());
    auto body = net::unpack(call.request.body.text(), call.packed, config_.max_input_bytes);
    if (!body) {
      const Error error = in_context("the request body", body.error());
      co_return error.code == Code::ResourceExhausted ? HttpResponse::error(413, error.message)
                                                      : http_error(error);
    }
    call.request.body = SharedBytes::from(*std::move(body));
    call.request.body_padding = 0;
  }
  const net::Compression wanted = call.wanted;
  HttpResponse response = co_await infer(std::move(call));
  if (wanted != net::Compression::Identity && body_size(response) >= kWorthPacking) {
    co_await on(executors_.compute());
    pack_body(response, wanted);
  }
  co_return response;
}

Awaitable<net::HttpResponse> HttpApi::index(Call call) {
  const Result<bool> only_ready = read_index_body(call.request.body.text());
  if (!only_ready) {
    co_return http_error(only_ready.error());
  }
  const auto rows = co_await models_.index(*only_ready);
  co_return rows ? HttpResponse::json(200, index_text(*rows)) : http_error(rows.error());
}

Awaitable<net::HttpResponse> HttpApi::load(Call call) {
  co_await on(executors_.blocking());  // the body may hold a whole model
  auto given = read_load_body(call.request.body.text());
  if (!given) {
    co_return http_error(given.error());
  }
  const Result<void> loaded = co_await models_.load(std::move(call.model), *std::move(given));
  co_return loaded ? empty_answer(200) : http_error(loaded.error());
}

Awaitable<net::HttpResponse> HttpApi::unload(Call call) {
  const Result<void> checked = check_unload_body(call.request.body.text());
  if (!checked) {
    co_return http_error(checked.error());
  }
  const Result<void> unloaded = co_await models_.unload(std::move(call.model));
  co_return unloaded ? empty_answer(200) : http_error(unloaded.error());
}

}  // namespace aion::kserve
