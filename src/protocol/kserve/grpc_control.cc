#include "protocol/kserve/grpc_control.h"

#include <utility>

#include "base/spawn.h"
#include "protocol/kserve/grpc_context.h"
#include "protocol/kserve/grpc_decode.h"
#include "protocol/kserve/grpc_documents.h"
#include "protocol/kserve/grpc_status.h"
#include "protocol/kserve/http_documents.h"

namespace aion::kserve {

namespace {

using Context = GrpcControl::Context;
using Reactor = GrpcControl::Reactor;

Reactor* finished(Context* context, const Result<void>& result) {
  Reactor* reactor = context->DefaultReactor();
  reactor->Finish(status_of(result));
  return reactor;
}

Reactor* unsupported(Context* context, std::string_view what) {
  return finished(context, Error{Code::Unimplemented, std::string(what)});
}

constexpr std::string_view kNoSharedMemory =
    "Client shared memory is disabled: the shared memory extensions are unsupported";

Result<void> read_metadata(const serving::ModelServer& models,
                           const inference::ModelMetadataRequest& request,
                           inference::ModelMetadataResponse& response) {
  AION_TRY(const std::int64_t version, version_of(request.name(), request.version()));
  AION_TRY(const serving::ModelMetadata metadata, models.metadata(request.name(), version));
  write_metadata(metadata, response);
  return {};
}

Result<void> read_statistics(const serving::ModelServer& models,
                             const inference::ModelStatisticsRequest& request,
                             inference::ModelStatisticsResponse& response) {
  AION_TRY(const std::int64_t version, version_of(request.name(), request.version()));
  AION_TRY(const auto statistics, models.statistics(request.name(), version));
  write_statistics(statistics, response);
  return {};
}

// The messages live until the reactor finishes.

Awaitable<void> index(serving::ModelServer& models,
                      bool only_ready,
                      inference::RepositoryIndexResponse& response,
                      Reactor* reactor) {
  const auto rows = co_await models.index(only_ready);
  if (rows) {
    write_index(*rows, response);
  }
  reactor->Finish(rows ? ::grpc::Status::OK : status_of(rows.error()));
}

Awaitable<void> load(serving::ModelServer& models, std::string name, Reactor* reactor) {
  const Result<void> loaded = co_await models.load(std::move(name));
  reactor->Finish(status_of(loaded));
}

Awaitable<void> unload(serving::ModelServer& models, std::string name, Reactor* reactor) {
  const Result<void> unloaded = co_await models.unload(std::move(name));
  reactor->Finish(status_of(unloaded));
}

}  // namespace

Result<void> GrpcControl::authorize(const Context& context) const {
  AION_TRY([[maybe_unused]] const RequestContext known, context_of(context, parts_.authorizer));
  return {};
}

Reactor* GrpcControl::ServerLive(Context* context,
                                 const inference::ServerLiveRequest* /*request*/,
                                 inference::ServerLiveResponse* response) {
  response->set_live(parts_.models.is_live());
  return finished(context, authorize(*context));
}

Reactor* GrpcControl::ServerReady(Context* context,
                                  const inference::ServerReadyRequest* /*request*/,
                                  inference::ServerReadyResponse* response) {
  response->set_ready(parts_.models.is_ready());
  return finished(context, authorize(*context));
}

Reactor* GrpcControl::ModelReady(Context* context,
                                 const inference::ModelReadyRequest* request,
                                 inference::ModelReadyResponse* response) {
  const auto version = version_of(request->name(), request->version());
  response->set_ready(version && parts_.models.is_model_ready(request->name(), *version));
  return finished(context, authorize(*context));
}

Reactor* GrpcControl::ServerMetadata(Context* context,
                                     const inference::ServerMetadataRequest* /*request*/,
                                     inference::ServerMetadataResponse* response) {
  response->set_name(name_);
  response->set_version(version_);
  for (const std::string_view extension : extensions()) {
    response->add_extensions(std::string(extension));
  }
  return finished(context, authorize(*context));
}

Reactor* GrpcControl::ModelMetadata(Context* context,
                                    const inference::ModelMetadataRequest* request,
                                    inference::ModelMetadataResponse* response) {
  const Result<void> authorized = authorize(*context);
  return finished(context,
                  authorized ? read_metadata(parts_.models, *request, *response) : authorized);
}

Reactor* GrpcControl::ModelStatistics(Context* context,
                                      const inference::ModelStatisticsRequest* request,
                                      inference::ModelStatisticsResponse* response) {
  const Result<void> authorized = authorize(*context);
  return finished(context,
                  authorized ? read_statistics(parts_.models, *request, *response) : authorized);
}

Reactor* GrpcControl::RepositoryIndex(Context* context,
                                      const inference::RepositoryIndexRequest* request,
                                      inference::RepositoryIndexResponse* response) {
  Result<void> checked = authorize(*context);
  if (checked) {
    checked = check_repository_name(request->repository_name());
  }
  if (!checked) {
    return finished(context, checked);
  }
  Reactor* reactor = context->DefaultReactor();
  spawn(executors_.blocking(), index(parts_.models, request->ready(), *response, reactor));
  return reactor;
}

Reactor* GrpcControl::RepositoryModelLoad(Context* context,
                                          const inference::RepositoryModelLoadRequest* request,
                                          inference::RepositoryModelLoadResponse* /*response*/) {
  Result<void> checked = authorize(*context);
  if (checked) {
    checked = check_load(*request);
  }
  if (!checked) {
    return finished(context, checked);
  }
  Reactor* reactor = context->DefaultReactor();
  spawn(executors_.blocking(), load(parts_.models, request->model_name(), reactor));
  return reactor;
}

Reactor* GrpcControl::RepositoryModelUnload(
    Context* context,
    const inference::RepositoryModelUnloadRequest* request,
    inference::RepositoryModelUnloadResponse* /*response*/) {
  Result<void> checked = authorize(*context);
  if (checked) {
    checked = check_unload(*request);
  }
  if (!checked) {
    return finished(context, checked);
  }
  Reactor* reactor = context->DefaultReactor();
  spawn(executors_.blocking(), unload(parts_.models, request->model_name(), reactor));
  return reactor;
}

Reactor* GrpcControl::ModelConfig(Context* context,
                                  const inference::ModelConfigRequest* /*request*/,
                                  inference::ModelConfigResponse* /*response*/) {
  return unsupported(context, "the model configuration extension is unsupported");
}

Reactor* GrpcControl::TraceSetting(Context* context,
                                   const inference::TraceSettingRequest* /*request*/,
                                   inference::TraceSettingResponse* /*response*/) {
  return unsupported(context, "the trace extension is unsupported");
}

Reactor* GrpcControl::LogSettings(Context* context,
                                  const inference::LogSettingsRequest* /*request*/,
                                  inference::LogSettingsResponse* /*response*/) {
  return unsupported(context, "the logging extension is unsupported");
}

Reactor* GrpcControl::SystemSharedMemoryStatus(
    Context* context,
    const inference::SystemSharedMemoryStatusRequest* /*request*/,
    inference::SystemSharedMemoryStatusResponse* /*response*/) {
  return unsupported(context, kNoSharedMemory);
}

Reactor* GrpcControl::SystemSharedMemoryRegister(
    Context* context,
    const inference::SystemSharedMemoryRegisterRequest* /*request*/,
    inference::SystemSharedMemoryRegisterResponse* /*response*/) {
  return unsupported(context, kNoSharedMemory);
}

Reactor* GrpcControl::SystemSharedMemoryUnregister(
    Context* context,
    const inference::SystemSharedMemoryUnregisterRequest* /*request*/,
    inference::SystemSharedMemoryUnregisterResponse* /*response*/) {
  return unsupported(context, kNoSharedMemory);
}

Reactor* GrpcControl::CudaSharedMemoryStatus(
    Context* context,
    const inference::CudaSharedMemoryStatusRequest* /*request*/,
    inference::CudaSharedMemoryStatusResponse* /*response*/) {
  return unsupported(context, kNoSharedMemory);
}

Reactor* GrpcControl::CudaSharedMemoryRegister(
    Context* context,
    const inference::CudaSharedMemoryRegisterRequest* /*request*/,
    inference::CudaSharedMemoryRegisterResponse* /*response*/) {
  return unsupported(context, kNoSharedMemory);
}

Reactor* GrpcControl::CudaSharedMemoryUnregister(
    Context* context,
    const inference::CudaSharedMemoryUnregisterRequest* /*request*/,
    inference::CudaSharedMemoryUnregisterResponse* /*response*/) {
  return unsupported(context, kNoSharedMemory);
}

}  // namespace aion::kserve
