// The empty gRPC server: the plain generated callback service, which parses each ModelInfer and
// answers a constant of the size that the mlp model answers. What it costs is what gRPC costs;
// nothing is inferred. Usage: bench_empty_grpc PORT; port 0 takes a free one; prints `empty_grpc
// ready: port N`.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "serving/empty_grpc.grpc.pb.h"

namespace aion::bench {
namespace {

class EmptyService final : public inference::GRPCInferenceService::CallbackService {
 public:
  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context,
                                       const inference::ModelInferRequest* request,
                                       inference::ModelInferResponse* response) override {
    response->set_model_name(request->model_name());
    response->set_model_version("1");
    inference::ModelInferResponse::InferOutputTensor* output = response->add_outputs();
    output->set_name("y");
    output->set_datatype("FP32");
    output->add_shape(1);
    output->add_shape(10);
    response->add_raw_output_contents()->assign(10 * sizeof(float), '\0');
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int serve(const char* port) {
  EmptyService service;
  grpc::ServerBuilder builder;
  int taken = 0;
  builder.AddListeningPort(
      std::string("127.0.0.1:") + port, grpc::InsecureServerCredentials(), &taken);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || taken == 0) {
    std::fprintf(stderr, "port %s of 127.0.0.1 cannot be taken\n", port);
    return 1;
  }
  std::printf("empty_grpc ready: port %d\n", taken);
  std::fflush(stdout);
  server->Wait();
  return 0;
}

}  // namespace
}  // namespace aion::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s PORT\n", argv[0]);
    return 2;
  }
  return aion::bench::serve(argv[1]);
}
