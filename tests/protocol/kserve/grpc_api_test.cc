// The services answer a real client over loopback, in front of a real model server with models of
// the echo backend.
#include "protocol/kserve/grpc_api.h"

#include <cstring>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <protocol/kserve/grpc_service.grpc.pb.h>
#include <protocol/kserve/health.grpc.pb.h>
#include <unistd.h>

#include "base/spawn.h"
#include "catalog/repository/folder.h"
#include "net/grpc/server.h"

namespace aion::kserve {
namespace {

using ::grpc::StatusCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Request = inference::ModelInferRequest;
using Response = inference::ModelInferResponse;
using StreamResponse = inference::ModelStreamInferResponse;
using Stream = ::grpc::ClientReaderWriter<Request, StreamResponse>;

constexpr std::string_view kTensors = R"(
input [ { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] } ]
)";
constexpr std::string_view kDelay = R"(parameters { key: "mode" value { string_value: "delay" } })";
constexpr std::string_view kRepeat = R"(
backend: "echo"
parameters { key: "mode" value { string_value: "repeat" } }
model_transaction_policy { decoupled: true }
)";

class GrpcApiTest : public ::testing::Test {
 protected:
  GrpcApiTest() {
    std::string name = (std::filesystem::temp_directory_path() / "aion_test_XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    add("echo", "backend: 'echo'" + std::string(kTensors));
    add("delay", "backend: 'echo'" + std::string(kTensors) + std::string(kDelay));
    add("repeat", std::string(kRepeat));
    repository_.emplace(std::vector{folder_});
    server_.emplace(
        serving::ModelServer::Parts{executors_, *repository_, *backends_, ledger_, metrics_, log_},
        serving::Config{});
    EXPECT_TRUE(wait_for(executors_.blocking(), server_->start()));
    auto started = net::GrpcServer::start(
        {}, grpc_services(*server_, authorizer_, executors_, {"aion", "1.0"}), executors_, log_);
    EXPECT_TRUE(started) << started.error().message;
    grpc_ = *std::move(started);
    ::grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = ::grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(grpc_->port()),
                                           ::grpc::InsecureChannelCredentials(),
                                           arguments);
    stub_ = inference::GRPCInferenceService::NewStub(channel_);
  }

  ~GrpcApiTest() override {
    grpc_->stop(std::chrono::milliseconds(0));
    EXPECT_TRUE(wait_for(executors_.blocking(), server_->stop(std::chrono::seconds(20))));
    std::filesystem::remove_all(folder_);
  }

  static Request request_for(const std::string& model,
                             std::vector<float> values,
                             const std::string& id = {}) {
    Request request;
    request.set_model_name(model);
    request.set_id(id);
    auto& input = *request.add_inputs();
    input.set_name("IN");
    input.set_datatype("FP32");
    input.add_shape(static_cast<std::int64_t>(values.size()));
    request.add_raw_input_contents(values.data(), values.size() * sizeof(float));
    return request;
  }

  static Request delayed(std::int64_t delay_ms, const std::string& id = {}) {
    Request request = request_for("delay", {1.0F}, id);
    (*request.mutable_parameters())["delay_ms"].set_int64_param(delay_ms);
    return request;
  }

  static Request repeat_for(std::vector<std::int32_t> values,
                            const std::string& id,
                            std::uint32_t delay_ms = 0) {
    Request request;
    request.set_model_name("repeat");
    request.set_id(id);
    for (const char* name : {"IN", "DELAY", "WAIT"}) {
      auto& input = *request.add_inputs();
      input.set_name(name);
      input.set_datatype(name == std::string("IN") ? "INT32" : "UINT32");
      input.add_shape(name == std::string("WAIT") ? 1 : static_cast<std::int64_t>(values.size()));
    }
    for (const std::int32_t value : values) {
      request.mutable_inputs(0)->mutable_contents()->add_int_contents(value);
      request.mutable_inputs(1)->mutable_contents()->add_uint_contents(delay_ms);
    }
    request.mutable_inputs(0)->mutable_contents();
    request.mutable_inputs(2)->mutable_contents()->add_uint_contents(0);
    return request;
  }

  ::grpc::Status infer(const Request& request, Response& response) {
    ::grpc::ClientContext context;
    return stub_->ModelInfer(&context, request, &response);
  }

  static std::vector<float> floats(const std::string& raw) {
    std::vector<float> values(raw.size() / sizeof(float));
    std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }

  static bool is_final(const StreamResponse& response) {
    return response.infer_response().parameters().at("triton_final_response").bool_param();
  }

  static std::vector<StreamResponse> read_all(Stream& stream) {
    std::vector<StreamResponse> all;
    StreamResponse one;
    while (stream.Read(&one)) {
      all.push_back(one);
    }
    return all;
  }

  static std::vector<std::string> ids(const std::vector<StreamResponse>& responses) {
    std::vector<std::string> all;
    for (const StreamResponse& one : responses) {
      all.push_back(one.infer_response().id());
    }
    return all;
  }

 private:
  void add(const std::string& name, const std::string& config) const {
    std::filesystem::create_directories(folder_ / name / "1");
    std::ofstream(folder_ / name / "config.pbtxt") << config;
  }

  static runtime::BackendEnvironment environment(Executors& executors) {
    runtime::BackendEnvironment environment;
    environment.clock = &executors.clock();
    return environment;
  }

 protected:
  std::filesystem::path folder_;
  Log log_{LogLevel::Off};
  Metrics metrics_;
  Executors executors_{{1, 1, 2}};
  resource::Ledger ledger_ = resource::Ledger::without_limit({});
  std::optional<catalog::FolderRepository> repository_;
  std::optional<runtime::Backends> backends_{environment(executors_)};
  std::optional<serving::ModelServer> server_;
  security::LoopbackAuthorizer authorizer_;
  std::unique_ptr<net::GrpcServer> grpc_;
  std::shared_ptr<::grpc::Channel> channel_;
  std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
};

TEST_F(GrpcApiTest, AnswersAnInference) {
  Response response;

  const auto status = infer(request_for("echo", {1.0F, 2.5F}, "7"), response);

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.model_name(), "echo");
  EXPECT_EQ(response.model_version(), "1");
  EXPECT_EQ(response.id(), "7");
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_EQ(response.outputs(0).name(), "OUT");
  EXPECT_THAT(floats(response.raw_output_contents(0)), ElementsAre(1.0F, 2.5F));
}

TEST_F(GrpcApiTest, CarriesMessagesBeyondTheLibrarysDefaultOfFourMebibytes) {
  std::vector<float> many(std::size_t{2} << 20U, 1.5F);
  many.back() = -3.0F;
  Response response;

  const auto status = infer(request_for("echo", many), response);

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(floats(response.raw_output_contents(0)) == many);
}

TEST_F(GrpcApiTest, AcceptsCompressedRequests) {
  const std::vector<float> many(100'000, 1.5F);
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    ::grpc::ClientContext context;
    context.set_compression_algorithm(algorithm);
    Response response;

    const auto status = stub_->ModelInfer(&context, request_for("echo", many), &response);

    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(floats(response.raw_output_contents(0)) == many);
  }
}

TEST_F(GrpcApiTest, AnswersAClientsMistakeWithItsStatusAndText) {
  Response response;

  const auto unknown = infer(request_for("nope", {1.0F}), response);
  const auto decoupled = infer(repeat_for({1}, ""), response);
  Request broken = request_for("echo", {1.0F});
  broken.mutable_inputs(0)->set_datatype("FP99");
  const auto malformed = infer(broken, response);

  EXPECT_EQ(unknown.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(unknown.error_message(), "Request for unknown model: 'nope' is not found");
  EXPECT_EQ(decoupled.error_code(), StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(decoupled.error_message(),
            "ModelInfer RPC doesn't support models with decoupled transaction policy");
  EXPECT_EQ(malformed.error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(GrpcApiTest, EndsARequestAtTheClientsDeadline) {
  ::grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  Response response;

  const auto status = stub_->ModelInfer(&context, delayed(600'000), &response);

  EXPECT_EQ(status.error_code(), StatusCode::DEADLINE_EXCEEDED);
}  // and the fixture's end waits for the request's

TEST_F(GrpcApiTest, AnswersHealthAndMetadata) {
  ::grpc::ClientContext ready_context;
  inference::ServerReadyResponse ready;
  ::grpc::ClientContext metadata_context;
  inference::ServerMetadataResponse metadata;
  ::grpc::ClientContext model_context;
  inference::ModelMetadataRequest model_request;
  model_request.set_name("echo");
  inference::ModelMetadataResponse model;

  ASSERT_TRUE(stub_->ServerReady(&ready_context, {}, &ready).ok());
  ASSERT_TRUE(stub_->ServerMetadata(&metadata_context, {}, &metadata).ok());
  ASSERT_TRUE(stub_->ModelMetadata(&model_context, model_request, &model).ok());

  EXPECT_TRUE(ready.ready());
  EXPECT_EQ(metadata.version(), "1.0");
  EXPECT_THAT(metadata.extensions(), Contains("statistics"));
  EXPECT_THAT(model.versions(), ElementsAre("1"));
  EXPECT_EQ(model.inputs(0).datatype(), "FP32");
  EXPECT_THAT(model.inputs(0).shape(), ElementsAre(-1));
}

TEST_F(GrpcApiTest, IsServingForProbesWhateverServiceTheyName) {
  const auto health = ::grpc::health::v1::Health::NewStub(channel_);
  ::grpc::ClientContext context;
  ::grpc::health::v1::HealthCheckRequest request;
  request.set_service("anything");
  ::grpc::health::v1::HealthCheckResponse response;

  ASSERT_TRUE(health->Check(&context, request, &response).ok());

  EXPECT_EQ(response.status(), ::grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST_F(GrpcApiTest, SaysWhatIsUnsupported) {
  ::grpc::ClientContext context;
  inference::TraceSettingResponse trace;

  const auto status = stub_->TraceSetting(&context, {}, &trace);

  EXPECT_EQ(status.error_code(), StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(status.error_message(), HasSubstr("unsupported"));
}

TEST_F(GrpcApiTest, UnloadsAndLoadsAModel) {
  ::grpc::ClientContext unload_context;
  inference::RepositoryModelUnloadRequest unload;
  unload.set_model_name("echo");
  inference::RepositoryModelUnloadResponse unloaded;
  ::grpc::ClientContext load_context;
  inference::RepositoryModelLoadRequest load;
  load.set_model_name("echo");
  inference::RepositoryModelLoadResponse loaded;
  Response response;

  ASSERT_TRUE(stub_->RepositoryModelUnload(&unload_context, unload, &unloaded).ok());
  EXPECT_EQ(infer(request_for("echo", {1.0F}), response).error_code(), StatusCode::NOT_FOUND);
  ASSERT_TRUE(stub_->RepositoryModelLoad(&load_context, load, &loaded).ok());

  EXPECT_TRUE(infer(request_for("echo", {1.0F}), response).ok());
}

TEST_F(GrpcApiTest, ListsTheRepository) {
  ::grpc::ClientContext context;
  inference::RepositoryIndexResponse index;

  ASSERT_TRUE(stub_->RepositoryIndex(&context, {}, &index).ok());

  ASSERT_EQ(index.models_size(), 3);
  EXPECT_EQ(index.models(0).name(), "delay");
  EXPECT_EQ(index.models(0).version(), "1");
  EXPECT_EQ(index.models(0).state(), "READY");
}

TEST_F(GrpcApiTest, CountsWhatItAnswered) {
  Response response;
  ASSERT_TRUE(infer(request_for("echo", {1.0F}), response).ok());
  ::grpc::ClientContext context;
  inference::ModelStatisticsRequest request;
  request.set_name("echo");
  inference::ModelStatisticsResponse statistics;

  ASSERT_TRUE(stub_->ModelStatistics(&context, request, &statistics).ok());

  ASSERT_EQ(statistics.model_stats_size(), 1);
  EXPECT_EQ(statistics.model_stats(0).inference_stats().success().count(), 1U);
}

TEST_F(GrpcApiTest, StreamsAnswersOfOrdinaryModelsInRequestOrder) {
  ::grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  stream->Write(delayed(100, "slow"));
  stream->Write(request_for("echo", {1.0F}, "a"));
  stream->Write(request_for("nope", {1.0F}, "bad"));
  stream->Write(request_for("echo", {1.0F}, "b"));
  stream->WritesDone();

  const auto answers = read_all(*stream);

  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_THAT(ids(answers), ElementsAre("slow", "a", "bad", "b"));
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_TRUE(is_final(answers[0]));
  EXPECT_EQ(answers[2].error_message(), "Request for unknown model: 'nope' is not found");
  EXPECT_TRUE(is_final(answers[2]));
  EXPECT_EQ(answers[3].error_message(), "");
}

TEST_F(GrpcApiTest, StreamsMoreRequestsThanMayBePendingAtOnce) {
  constexpr int kRequests = 300;
  ::grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  for (int i = 0; i < kRequests; ++i) {
    stream->Write(delayed(1, std::to_string(i)));
  }
  stream->WritesDone();

  const auto answers = read_all(*stream);

  ASSERT_TRUE(stream->Finish().ok());
  ASSERT_EQ(answers.size(), static_cast<std::size_t>(kRequests));
  EXPECT_EQ(answers.front().infer_response().id(), "0");
  EXPECT_EQ(answers.back().infer_response().id(), "299");
}

TEST_F(GrpcApiTest, StreamsSeveralAnswersOfADecoupledModelAndAnEmptyLastOneIfAskedFor) {
  ::grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  Request request = repeat_for({4, 2}, "9");
  (*request.mutable_parameters())["triton_enable_empty_final_response"].set_bool_param(true);
  stream->Write(request);
  stream->WritesDone();

  const auto answers = read_all(*stream);

  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_FALSE(is_final(answers[0]));
  EXPECT_FALSE(is_final(answers[1]));
  EXPECT_TRUE(is_final(answers[2]));
  EXPECT_EQ(answers[2].infer_response().outputs_size(), 0);
  EXPECT_EQ(answers[2].infer_response().id(), "9");
}

TEST_F(GrpcApiTest, SendsNoEmptyLastAnswerUnlessAskedFor) {
  ::grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  stream->Write(repeat_for({4}, "9"));
  stream->WritesDone();

  EXPECT_EQ(read_all(*stream).size(), 1U);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcApiTest, LetsADecoupledRequestOvertakeAnother) {
  ::grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  StreamResponse answer;

  stream->Write(repeat_for({1}, "long", 600'000));
  stream->Write(repeat_for({2}, "short"));

  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.infer_response().id(), "short");
  context.TryCancel();
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
}  // and the fixture's end waits for what was cancelled

TEST_F(GrpcApiTest, EndsTheStreamWithTheStatusOfTheFirstErrorIfAskedFor) {
  ::grpc::ClientContext context;
  context.AddMetadata("triton_grpc_error", "true");
  const auto stream = stub_->ModelStreamInfer(&context);
  stream->Write(request_for("echo", {1.0F}, "good"));
  stream->Write(request_for("nope", {1.0F}, "bad"));
  stream->Write(delayed(600'000, "never"));

  const auto answers = read_all(*stream);
  const auto status = stream->Finish();

  EXPECT_THAT(ids(answers), ElementsAre("good"));
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "Request for unknown model: 'nope' is not found");
}

TEST_F(GrpcApiTest, StopsWithRequestsUnderWayByCancellingThem) {
  ::grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  stream->Write(repeat_for({1, 2}, "first", 0));
  StreamResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  stream->Write(delayed(600'000, "long"));

  grpc_->stop(std::chrono::milliseconds(0));

  read_all(*stream);
  EXPECT_FALSE(stream->Finish().ok());
}

}  // namespace
}  // namespace aion::kserve
