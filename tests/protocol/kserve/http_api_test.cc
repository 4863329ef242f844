#include "protocol/kserve/http_api.h"

#include <array>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/spawn.h"
#include "catalog/repository/folder.h"
#include "net/compression.h"

namespace aion::kserve {
namespace {

using testing::HasSubstr;

constexpr std::string_view kEcho = R"(
backend: "echo"
input [ { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] } ]
)";
constexpr std::string_view kRepeat = R"(
backend: "echo"
parameters { key: "mode" value { string_value: "repeat" } }
model_transaction_policy { decoupled: true }
)";

/// A folder of this test program that is removed at the end.
class ModelFolder {
 public:
  ModelFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "kserve_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
    add("echo", kEcho);
    add("repeat", kRepeat);
  }
  ~ModelFolder() { std::filesystem::remove_all(path_); }
  ModelFolder(const ModelFolder&) = delete;
  ModelFolder& operator=(const ModelFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void add(const std::string& name, std::string_view config) {
    std::filesystem::create_directories(path_ / name / "1");
    std::ofstream(path_ / name / "config.pbtxt") << config;
  }

  std::filesystem::path path_;
};

/// The handler before a real model server with two models of the echo backend.
class HttpApiTest : public testing::Test {
 protected:
  HttpApiTest() {
    const auto started = wait_for(executors_.blocking(), server_.start());
    EXPECT_TRUE(started) << started.error().message;
  }
  ~HttpApiTest() override {
    const auto stopped = wait_for(executors_.blocking(), server_.stop(std::chrono::seconds(5)));
    EXPECT_TRUE(stopped) << stopped.error().message;
  }

  net::HttpResponse ask(net::HttpMethod method,
                        std::string_view path,
                        std::string body = {},
                        std::vector<net::HttpHeader> headers = {}) {
    net::HttpRequest request;
    request.method = method;
    request.path = path;
    request.headers = std::move(headers);
    request.body = SharedBytes::from(std::move(body));
    request.peer_address = "127.0.0.1";
    return wait_for(executors_.io(), api_.handle(request));
  }
  net::HttpResponse get(std::string_view path) { return ask(net::HttpMethod::Get, path); }
  net::HttpResponse post(std::string_view path,
                         std::string body = {},
                         std::vector<net::HttpHeader> headers = {}) {
    return ask(net::HttpMethod::Post, path, std::move(body), std::move(headers));
  }

  ModelFolder folder_;
  Log log_{LogLevel::Off};
  Metrics metrics_;
  Executors executors_{{1, 1, 2}};
  resource::Ledger ledger_ = resource::Ledger::without_limit({});
  catalog::FolderRepository repository_{{folder_.path()}};
  runtime::Backends backends_{[this] {
    runtime::BackendEnvironment environment;
    environment.clock = &executors_.clock();
    return environment;
  }()};
  serving::ModelServer server_{{executors_, repository_, backends_, ledger_, metrics_, log_}, {}};
  security::LoopbackAuthorizer authorizer_;
  HttpApi api_{server_, authorizer_, executors_, {"aion", "1.0", 64U << 20U}};
};

constexpr std::string_view kTwoFloats =
    R"({"id":"7","inputs":[{"name":"IN","datatype":"FP32","shape":[2],"data":[1,2.5]}]})";

TEST_F(HttpApiTest, AnswersAnInferenceInJson) {
  const net::HttpResponse answer = post("/v2/models/echo/infer", std::string(kTwoFloats));

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text,
            R"({"id":"7","model_name":"echo","model_version":"1",)"
            R"("outputs":[{"name":"OUT","datatype":"FP32","shape":[2],"data":[1.0,2.5]}]})");
}

TEST_F(HttpApiTest, AnswersARawBinaryBodyInBinary) {
  const net::HttpResponse answer = post(
      "/v2/models/echo/infer", std::string(8, '\0'), {{"inference-HEADER-content-length", "0"}});

  EXPECT_EQ(answer.status, 200) << answer.text;
  ASSERT_EQ(answer.parts.size(), 1U);
  EXPECT_EQ(answer.parts[0].text(), std::string(8, '\0'));
}

TEST_F(HttpApiTest, TakesAnEmptyHeaderLengthForAFault) {
  const net::HttpResponse answer = post(
      "/v2/models/echo/infer", std::string(kTwoFloats), {{"Inference-Header-Content-Length", ""}});

  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.text, HasSubstr("Inference-Header-Content-Length"));
}

TEST_F(HttpApiTest, RefusesADecoupledModel) {
  const net::HttpResponse answer = post("/v2/models/repeat/infer", std::string(kTwoFloats));

  EXPECT_EQ(answer.status, 501);
  EXPECT_EQ(
      answer.text,
      R"({"error":"HTTP end point doesn't support models with decoupled transaction policy"})");
}

TEST_F(HttpApiTest, Says404ForAModelThatIsUnknown) {
  const net::HttpResponse answer = post("/v2/models/nope/infer", std::string(kTwoFloats));

  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.text, R"({"error":"Request for unknown model: 'nope' is not found"})");
}

TEST_F(HttpApiTest, Says404ForAVersionBeyondEveryNumber) {
  const net::HttpResponse answer = get("/v2/models/echo/versions/99999999999999999999");

  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(
      answer.text,
      R"({"error":"Request for unknown model: 'echo' version 99999999999999999999 is not found"})");
}

TEST_F(HttpApiTest, DecodesAPercentEncodedModelName) {
  EXPECT_THAT(get("/v2/models/%65cho").text, HasSubstr(R"("name":"echo")"));
}

TEST_F(HttpApiTest, RefusesAModelNameWithASlashInIt) {
  EXPECT_EQ(get("/v2/models/..%2fetc").status, 400);
  EXPECT_EQ(get("/v2/models/a%00").status, 400);
  EXPECT_EQ(get("/v2/models/%ff").status, 400);
}

TEST_F(HttpApiTest, IsLiveAndReadyWithEmptyBodies) {
  EXPECT_EQ(get("/v2/health/live").status, 200);
  EXPECT_EQ(get("/v2/health/ready").status, 200);
  EXPECT_EQ(get("/v2/health/ready").text, "");
}

TEST_F(HttpApiTest, IsNotReadyAnyMoreWhileItDrains) {
  server_.drain();

  EXPECT_EQ(get("/v2/health/ready").status, 400);
  EXPECT_EQ(post("/v2/models/echo/infer", std::string(kTwoFloats)).status, 503);
}

TEST_F(HttpApiTest, Says400ForTheReadinessOfSomethingUnknown) {
  EXPECT_EQ(get("/v2/models/echo/versions/1/ready").status, 200);
  EXPECT_EQ(get("/v2/models/echo/versions/2/ready").status, 400);
  EXPECT_EQ(get("/v2/models/nope/ready").text, R"({"error":"Model version not ready"})");
}

TEST_F(HttpApiTest, UnloadsAndLoadsAModel) {
  EXPECT_EQ(post("/v2/repository/models/echo/unload").status, 200);
  EXPECT_EQ(get("/v2/models/echo/ready").status, 400);
  EXPECT_THAT(post("/v2/repository/index").text,
              HasSubstr(R"("state":"UNAVAILABLE","reason":"unloaded")"));

  EXPECT_EQ(post("/v2/repository/models/echo/load").status, 200);
  EXPECT_EQ(get("/v2/models/echo/ready").status, 200);
}

TEST_F(HttpApiTest, CountsAnInferenceInTheStatistics) {
  const net::HttpResponse answer = post("/v2/models/echo/infer", std::string(kTwoFloats));
  ASSERT_EQ(answer.status, 200);

  EXPECT_THAT(get("/v2/models/echo/stats").text, HasSubstr(R"("success":{"count":1,)"));
  EXPECT_THAT(get("/v2/models/stats").text, HasSubstr(R"("name":"repeat")"));
}

TEST_F(HttpApiTest, SaysWhichMethodsAPathTakes) {
  const net::HttpResponse answer = get("/v2/models/echo/infer");

  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.text, R"({"error":"Method Not Allowed"})");
  EXPECT_EQ(answer.headers.at(0).second, "POST");
}

TEST_F(HttpApiTest, AnswersUnsupportedForWhatIsNotServedYet) {
  EXPECT_EQ(post("/v2/models/echo/generate").status, 501);
  EXPECT_EQ(get("/v2/logging").status, 501);
  EXPECT_EQ(get("/v2/trace/setting").status, 501);
  EXPECT_EQ(get("/v2/systemsharedmemory/status").status, 501);
  EXPECT_THAT(post("/v2/repository/r/models/echo/load").text,
              HasSubstr("'repository_name' specification is not supported"));
}

TEST_F(HttpApiTest, TakesPackedBodiesOfInferencesAlone) {
  const std::string packed = net::pack(std::array{kTwoFloats}, net::Compression::Gzip);
  EXPECT_EQ(post("/v2/models/echo/infer", packed, {{"content-encoding", "GZIP"}}).status, 200);
  EXPECT_EQ(post("/v2/models/echo/infer", "\x1f\x8b", {{"Content-Encoding", "gzip"}}).status, 400);
  EXPECT_EQ(post("/v2/repository/index", packed, {{"Content-Encoding", "gzip"}}).status, 501);

  const auto refused = post("/v2/models/echo/infer", packed, {{"Content-Encoding", "br"}});
  EXPECT_EQ(refused.status, 501);
  ASSERT_EQ(refused.headers.size(), 1U);
  EXPECT_EQ(refused.headers[0].second, "gzip, deflate");
}

}  // namespace
}  // namespace aion::kserve
