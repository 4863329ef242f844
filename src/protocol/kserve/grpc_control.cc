#include "protocol/kserve/grpc_control.h"

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include <protocol/kserve/grpc_service.pb.h>

#include "base/spawn.h"
#include "net/grpc/unary.h"
#include "protocol/kserve/grpc_context.h"
#include "protocol/kserve/grpc_decode.h"
#include "protocol/kserve/grpc_documents.h"
#include "protocol/kserve/grpc_status.h"
#include "protocol/kserve/http_documents.h"
#include "protocol/kserve/model_config.h"

namespace aion::kserve {

namespace {

template <class Request, class Response>
using Call = std::shared_ptr<net::UnaryCall<Request, Response>>;

using IndexCall = Call<inference::RepositoryIndexRequest, inference::RepositoryIndexResponse>;
using LoadCall =
    Call<inference::RepositoryModelLoadRequest, inference::RepositoryModelLoadResponse>;
using UnloadCall =
    Call<inference::RepositoryModelUnloadRequest, inference::RepositoryModelUnloadResponse>;

/// A method that answers at once, for whoever may call.
template <class Request, class Response>
net::GrpcMethod at_once(const GrpcParts& parts,
                        std::function<Result<void>(const Request&, Response&)> write) {
  return net::unary<Request, Response>([parts, write](const Call<Request, Response>& call) {
    Result<void> result;
    if (const auto known = context_of(call->call(), parts.authorizer); !known) {
      result = known.error();
    } else {
      result = write(call->request(), call->response());
    }
    call->finish(status_of(result));
  });
}

template <class Request, class Response>
using Write = std::function<Result<void>(const Request&, Response&)>;

template <class Request, class Response>
Awaitable<void> write_when_loaded(serving::ModelServer& models,
                                  RequestContext context,
                                  Call<Request, Response> call,
                                  Write<Request, Response> write) {
  const auto version = version_of(call->request().name(), call->request().version());
  Result<void> result =
      co_await models.bring(std::move(context), call->request().name(), version ? *version : 0);
  if (result) {
    result = write(call->request(), call->response());
  }
  call->finish(status_of(result));
}

/// A method that tells of one model: at once, or when a model whose file nobody has read yet has
/// been loaded.
template <class Request, class Response>
net::GrpcMethod of_model(const GrpcParts& parts, Write<Request, Response> write) {
  return net::unary<Request, Response>([parts, write](const Call<Request, Response>& call) {
    auto known = context_of(call->call(), parts.authorizer);
    Result<void> result;
    if (!known) {
      result = known.error();
    } else {
      const auto version = version_of(call->request().name(), call->request().version());
      if (version && parts.models.must_load_first(call->request().name(), *version)) {
        spawn(inline_executor(),
              write_when_loaded<Request, Response>(parts.models, *std::move(known), call, write));
        return;
      }
      result = write(call->request(), call->response());
    }
    call->finish(status_of(result));
  });
}

/// A method that may wait: `check` says whether it begins, `work` finishes the call.
template <class Request, class Response>
net::GrpcMethod in_background(const GrpcParts& parts,
                              Executors& executors,
                              std::function<Result<void>(const Request&)> check,
                              std::function<Awaitable<void>(Call<Request, Response>)> work) {
  return net::unary<Request, Response>(
      [parts, &executors, check, work](const Call<Request, Response>& call) {
        Result<void> result;
        if (const auto known = context_of(call->call(), parts.authorizer); !known) {
          result = known.error();
        } else {
          result = check(call->request());
        }
        if (result) {
          spawn(executors.blocking(), work(call));
        } else {
          call->finish(status_of(result));
        }
      });
}

/// A method that is not served, whatever its messages are.
class UnsupportedCall final : public net::GrpcReceiver {
 public:
  UnsupportedCall(std::shared_ptr<net::GrpcCall> call, std::string_view what)
      : call_(std::move(call)), what_(what) {
    call_->read();
  }
  void on_message(std::string_view /*message*/) override { call_->read(); }
  void on_half_close() override {
    call_->finish({net::GrpcCode::Unimplemented, std::string(what_)});
  }
  void on_cancel() override {}

 private:
  std::shared_ptr<net::GrpcCall> call_;
  std::string_view what_;  // a literal
};

net::GrpcMethod unsupported(std::string_view what) {
  return [what](std::shared_ptr<net::GrpcCall> call) {
    return std::make_shared<UnsupportedCall>(std::move(call), what);
  };
}

Result<void> write_metadata_of(const serving::ModelServer& models,
                               const inference::ModelMetadataRequest& request,
                               inference::ModelMetadataResponse& response) {
  AION_TRY(const std::int64_t version, version_of(request.name(), request.version()));
  AION_TRY(const serving::ModelMetadata metadata, models.metadata(request.name(), version));
  write_metadata(metadata, response);
  return {};
}

Result<void> write_configuration_of(const serving::ModelServer& models,
                                    const inference::ModelConfigRequest& request,
                                    inference::ModelConfigResponse& response) {
  AION_TRY(const std::int64_t number, version_of(request.name(), request.version()));
  AION_TRY(const auto version, models.find(request.name(), number));
  *response.mutable_config() = model_config_of(*version);
  return {};
}

Result<void> write_statistics_of(const serving::ModelServer& models,
                                 const inference::ModelStatisticsRequest& request,
                                 inference::ModelStatisticsResponse& response) {
  AION_TRY(const std::int64_t version, version_of(request.name(), request.version()));
  AION_TRY(const auto statistics, models.statistics(request.name(), version));
  write_statistics(statistics, response);
  return {};
}

Awaitable<void> index(serving::ModelServer& models, IndexCall call) {
  const auto rows = co_await models.index(call->request().ready());
  if (rows) {
    write_index(*rows, call->response());
  }
  call->finish(rows ? net::GrpcStatus() : status_of(rows.error()));
}

Awaitable<void> load(serving::ModelServer& models, LoadCall call) {
  auto given = read_load(call->request());
  if (!given) {
    call->finish(status_of(given.error()));
    co_return;
  }
  const Result<void> loaded = co_await models.load(call->request().model_name(), *std::move(given));
  call->finish(status_of(loaded));
}

Awaitable<void> unload(serving::ModelServer& models, UnloadCall call) {
  const Result<void> unloaded = co_await models.unload(call->request().model_name());
  call->finish(status_of(unloaded));
}

net::GrpcMethod server_live(const GrpcParts& parts) {
  return at_once<inference::ServerLiveRequest, inference::ServerLiveResponse>(
      parts, [&models = parts.models](const auto& /*request*/, auto& response) -> Result<void> {
        response.set_live(models.is_live());
        return {};
      });
}

net::GrpcMethod server_ready(const GrpcParts& parts) {
  return at_once<inference::ServerReadyRequest, inference::ServerReadyResponse>(
      parts, [&models = parts.models](const auto& /*request*/, auto& response) -> Result<void> {
        response.set_ready(models.is_ready());
        return {};
      });
}

net::GrpcMethod model_ready(const GrpcParts& parts) {
  return at_once<inference::ModelReadyRequest, inference::ModelReadyResponse>(
      parts, [&models = parts.models](const auto& request, auto& response) -> Result<void> {
        const auto version = version_of(request.name(), request.version());
        response.set_ready(version && models.is_model_ready(request.name(), *version));
        return {};
      });
}

net::GrpcMethod server_metadata(const GrpcParts& parts, const ServerName& server) {
  return at_once<inference::ServerMetadataRequest, inference::ServerMetadataResponse>(
      parts, [server](const auto& /*request*/, auto& response) -> Result<void> {
        response.set_name(server.name);
        response.set_version(server.version);
        for (const std::string_view extension : extensions()) {
          response.add_extensions(std::string(extension));
        }
        return {};
      });
}

net::GrpcMethod model_metadata(const GrpcParts& parts) {
  return of_model<inference::ModelMetadataRequest, inference::ModelMetadataResponse>(
      parts, [&models = parts.models](const auto& request, auto& response) {
        return write_metadata_of(models, request, response);
      });
}

net::GrpcMethod model_configuration(const GrpcParts& parts) {
  return of_model<inference::ModelConfigRequest, inference::ModelConfigResponse>(
      parts, [&models = parts.models](const auto& request, auto& response) {
        return write_configuration_of(models, request, response);
      });
}

net::GrpcMethod model_statistics(const GrpcParts& parts) {
  return at_once<inference::ModelStatisticsRequest, inference::ModelStatisticsResponse>(
      parts, [&models = parts.models](const auto& request, auto& response) {
        return write_statistics_of(models, request, response);
      });
}

net::GrpcMethod repository_index(const GrpcParts& parts, Executors& executors) {
  return in_background<inference::RepositoryIndexRequest, inference::RepositoryIndexResponse>(
      parts,
      executors,
      [](const auto& request) { return check_repository_name(request.repository_name()); },
      [&models = parts.models](IndexCall call) { return index(models, std::move(call)); });
}

net::GrpcMethod repository_load(const GrpcParts& parts, Executors& executors) {
  return in_background<inference::RepositoryModelLoadRequest,
                       inference::RepositoryModelLoadResponse>(
      parts,
      executors,
      [](const auto& /*request*/) { return Result<void>(); },
      [&models = parts.models](LoadCall call) { return load(models, std::move(call)); });
}

net::GrpcMethod repository_unload(const GrpcParts& parts, Executors& executors) {
  return in_background<inference::RepositoryModelUnloadRequest,
                       inference::RepositoryModelUnloadResponse>(
      parts, executors, check_unload, [&models = parts.models](UnloadCall call) {
        return unload(models, std::move(call));
      });
}

constexpr std::string_view kNoSharedMemory =
    "Client shared memory is disabled: the shared memory extensions are unsupported";

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kUnsupported = {{
    {"TraceSetting", "the trace extension is unsupported"},
    {"LogSettings", "the logging extension is unsupported"},
    {"SystemSharedMemoryStatus", kNoSharedMemory},
    {"SystemSharedMemoryRegister", kNoSharedMemory},
    {"SystemSharedMemoryUnregister", kNoSharedMemory},
    {"CudaSharedMemoryStatus", kNoSharedMemory},
    {"CudaSharedMemoryRegister", kNoSharedMemory},
    {"CudaSharedMemoryUnregister", kNoSharedMemory},
}};

}  // namespace

void add_control_methods(const GrpcParts& parts,
                         Executors& executors,
                         const ServerName& server,
                         net::GrpcService& service) {
  auto& methods = service.methods;
  methods.emplace_back("ServerLive", server_live(parts));
  methods.emplace_back("ServerReady", server_ready(parts));
  methods.emplace_back("ModelReady", model_ready(parts));
  methods.emplace_back("ServerMetadata", server_metadata(parts, server));
  methods.emplace_back("ModelMetadata", model_metadata(parts));
  methods.emplace_back("ModelConfig", model_configuration(parts));
  methods.emplace_back("ModelStatistics", model_statistics(parts));
  methods.emplace_back("RepositoryIndex", repository_index(parts, executors));
  methods.emplace_back("RepositoryModelLoad", repository_load(parts, executors));
  methods.emplace_back("RepositoryModelUnload", repository_unload(parts, executors));
  for (const auto& [name, what] : kUnsupported) {
    methods.emplace_back(name, unsupported(what));
  }
}

}  // namespace aion::kserve
