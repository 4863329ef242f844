#include "tests/contract/backend/adapters.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "tests/runtime/backend/collecting_sink.h"

namespace aion::runtime {

using tensor::DataType;

const std::vector<Adapter>& adapters() {
  static const std::vector<Adapter> all = {
      {"Onnx", "onnx", "none"},
      {"Echo", "echo", "none"},
      {"OnnxInWorker", "onnx", "process"},
      {"EchoInWorker", "echo", "process"},
#ifdef AION_TEST_OPENVINO
      {"Openvino", "openvino", "none"},
      {"OpenvinoInWorker", "openvino", "process"},
#endif
  };
  return all;
}

catalog::ModelVersion Adapter::version(const std::string& model) const {
  catalog::ModelVersion version;
  version.name = model;
  version.backend = backend;
  version.parameters["isolation"] = isolation;
  if (reads_files()) {
    version.path = std::filesystem::path(AION_TEST_MODELS) / model / "1" / "model.onnx";
  }
  return version;
}

catalog::ModelVersion Adapter::identity(DataType dtype) const {
  std::string type(to_string(dtype));
  std::ranges::transform(
      type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  auto identity = version("identity_" + type);
  identity.signature.inputs = {{"INPUT0", dtype, {-1, -1}}};
  identity.signature.outputs = {{"OUTPUT0", dtype, {-1, -1}}};
  return identity;
}

catalog::ModelVersion Adapter::two_outputs() const {
  auto simple = version("simple");
  for (const std::string number : {"0", "1"}) {
    simple.signature.inputs.push_back({"INPUT" + number, DataType::Int32, {-1, 16}});
    simple.signature.outputs.push_back({"OUTPUT" + number, DataType::Int32, {-1, 16}});
  }
  return simple;
}

catalog::ModelVersion Adapter::slow() const {
  auto slow = version(backend == "openvino" ? "slow_chain" : "slow");
  if (!reads_files()) {
    slow.parameters["mode"] = "delay";
    slow.parameters["delay_ms"] = "3600000";
  }
  return slow;
}

Batch Adapter::slow_batch() const {
  Batch batch;
  batch.inputs.push_back(reads_files()
                             ? make_tensor(DataType::Int64, std::vector<std::int64_t>{slow_count()})
                             : floats({1}));
  batch.outputs = {0};
  return batch;
}

catalog::ModelVersion Adapter::broken() const {
  auto broken = version("broken");
  if (!reads_files()) {
    broken.parameters["mode"] = "shout";
  }
  return broken;
}

std::string Adapter::broken_because() const {
  if (backend == "openvino") {
    return "Model can't be parsed";
  }
  return reads_files() ? "Protobuf parsing failed" : "got 'shout'";
}

Carries Adapter::carries(DataType dtype) const {
  if (backend != "openvino") {
    return Carries::All;
  }
  const bool is_wide = dtype == DataType::Int64 || dtype == DataType::Uint64;
  return is_wide                    ? Carries::ThirtyTwoBits
         : dtype == DataType::Bytes ? Carries::Nothing
                                    : Carries::All;
}

std::int64_t Adapter::slow_count() const {
  return backend == "openvino" ? 100'000 : 1'000'000'000;  // rows; rounds of a loop
}

}  // namespace aion::runtime
