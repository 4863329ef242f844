// The calls of the inference service that are no inference: health, metadata, statistics,
// repository.
#pragma once

#include <string>

#include <protocol/kserve/grpc_service.grpc.pb.h>

#include "base/executor.h"
#include "protocol/kserve/grpc_infer_call.h"

namespace aion::kserve {

/// Answers them; the inference calls are a subclass's. Calls whose effect is not served answer
/// UNIMPLEMENTED.
class GrpcControl : public inference::GRPCInferenceService::CallbackService {
 public:
  GrpcControl(const GrpcParts& parts, Executors& executors, std::string name, std::string version)
      : parts_(parts),
        executors_(executors),
        name_(std::move(name)),
        version_(std::move(version)) {}

  using Context = ::grpc::CallbackServerContext;
  using Reactor = ::grpc::ServerUnaryReactor;

  Reactor* ServerLive(Context*,
                      const inference::ServerLiveRequest*,
                      inference::ServerLiveResponse*) override;
  Reactor* ServerReady(Context*,
                       const inference::ServerReadyRequest*,
                       inference::ServerReadyResponse*) override;
  Reactor* ModelReady(Context*,
                      const inference::ModelReadyRequest*,
                      inference::ModelReadyResponse*) override;
  Reactor* ServerMetadata(Context*,
                          const inference::ServerMetadataRequest*,
                          inference::ServerMetadataResponse*) override;
  Reactor* ModelMetadata(Context*,
                         const inference::ModelMetadataRequest*,
                         inference::ModelMetadataResponse*) override;
  Reactor* ModelStatistics(Context*,
                           const inference::ModelStatisticsRequest*,
                           inference::ModelStatisticsResponse*) override;
  Reactor* RepositoryIndex(Context*,
                           const inference::RepositoryIndexRequest*,
                           inference::RepositoryIndexResponse*) override;
  Reactor* RepositoryModelLoad(Context*,
                               const inference::RepositoryModelLoadRequest*,
                               inference::RepositoryModelLoadResponse*) override;
  Reactor* RepositoryModelUnload(Context*,
                                 const inference::RepositoryModelUnloadRequest*,
                                 inference::RepositoryModelUnloadResponse*) override;

  Reactor* ModelConfig(Context*,
                       const inference::ModelConfigRequest*,
                       inference::ModelConfigResponse*) override;
  Reactor* TraceSetting(Context*,
                        const inference::TraceSettingRequest*,
                        inference::TraceSettingResponse*) override;
  Reactor* LogSettings(Context*,
                       const inference::LogSettingsRequest*,
                       inference::LogSettingsResponse*) override;
  Reactor* SystemSharedMemoryStatus(Context*,
                                    const inference::SystemSharedMemoryStatusRequest*,
                                    inference::SystemSharedMemoryStatusResponse*) override;
  Reactor* SystemSharedMemoryRegister(Context*,
                                      const inference::SystemSharedMemoryRegisterRequest*,
                                      inference::SystemSharedMemoryRegisterResponse*) override;
  Reactor* SystemSharedMemoryUnregister(Context*,
                                        const inference::SystemSharedMemoryUnregisterRequest*,
                                        inference::SystemSharedMemoryUnregisterResponse*) override;
  Reactor* CudaSharedMemoryStatus(Context*,
                                  const inference::CudaSharedMemoryStatusRequest*,
                                  inference::CudaSharedMemoryStatusResponse*) override;
  Reactor* CudaSharedMemoryRegister(Context*,
                                    const inference::CudaSharedMemoryRegisterRequest*,
                                    inference::CudaSharedMemoryRegisterResponse*) override;
  Reactor* CudaSharedMemoryUnregister(Context*,
                                      const inference::CudaSharedMemoryUnregisterRequest*,
                                      inference::CudaSharedMemoryUnregisterResponse*) override;

 protected:
  [[nodiscard]] const GrpcParts& parts() const { return parts_; }

 private:
  [[nodiscard]] Result<void> authorize(const Context& context) const;

  GrpcParts parts_;
  Executors& executors_;
  std::string name_;
  std::string version_;
};

}  // namespace aion::kserve
