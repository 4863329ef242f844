// What the backend openvino does beyond the contract: its formats, its memory, its plug-in.
#ifdef AION_TEST_OPENVINO

#include "runtime/backend/openvino.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/backend/onnx_fixture.h"

namespace aion::runtime {
namespace {

using tensor::DataType;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

class Openvino : public OnnxTest {
 protected:
  Openvino() { backend_ = make_openvino({}); }

  static catalog::ModelVersion file(const std::string& model, const std::string& name) {
    auto version = made(model);
    version.path.replace_filename(name);
    return version;
  }

  static tensor::Tensor rows(const std::vector<float>& values, std::int64_t width) {
    auto tensor = floats(values);
    tensor.shape = {static_cast<std::int64_t>(values.size()) / width, width};
    return tensor;
  }

  /// y = relu(x); both fixed at four elements, so that the library may compute in place.
  catalog::ModelVersion relu() {
    const Message four = tensor_type(Element::Float, {4});
    return written(OnnxModel().input("x", four).output("y", four).node("Relu", {"x"}, "y"));
  }
};

class OpenvinoFormats : public Openvino,
                        public testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(OpenvinoFormats, AreReadAndRun) {
  const auto [model, name] = GetParam();
  const auto instance = opened(file(model, name));

  const Response response = answer(*instance, {{rows({1, 1, 1, 1, 2, 2, 2, 2}, 4)}, {0}, {}});

  EXPECT_EQ(instance->signature().inputs[0].name, "x");
  EXPECT_THAT(instance->signature().inputs[0].shape, ElementsAre(-1, 4));
  EXPECT_EQ(instance->signature().outputs[0].name, "y");
  EXPECT_THAT(response.outputs[0].shape, ElementsAre(2, 4));
  EXPECT_THAT(values_of<float>(response.outputs[0]), ElementsAre(1, 2, 3, 4, 2, 4, 6, 8));
}

INSTANTIATE_TEST_SUITE_P(All,
                         OpenvinoFormats,
                         testing::Values(std::pair("openvino_ir", "model.xml"),
                                         std::pair("openvino_saved_model", "model.savedmodel"),
                                         std::pair("openvino_tflite", "model.tflite")),
                         [](const auto& made) { return std::string(made.param.first); });

TEST_F(Openvino, NamesAnOutputAsTheFileDoesAlsoWhereItIsAnInputPassedThrough) {
  const Message type = tensor_type(Element::Float, {-1});
  const auto instance =
      opened(written(OnnxModel().input("z", type).output("a", type).node("Identity", {"z"}, "a")));

  EXPECT_EQ(instance->signature().inputs[0].name, "z");
  EXPECT_EQ(instance->signature().outputs[0].name, "a");
}

TEST_F(Openvino, ComputesInSingleUnlessToldOtherwise) {
  const auto instance = opened(made("mlp"));
  const auto reference = wait_for(inline_executor(), make_onnx({})->open(made("mlp"), {}));
  ASSERT_TRUE(reference);
  std::vector<float> values(64);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i) / 64.0F;
  }

  const Response response = answer(*instance, {{rows(values, 64)}, {0}, {}});

  const Response wanted = answer(**reference, {{rows(values, 64)}, {0}, {}});
  EXPECT_THAT(values_of<float>(response.outputs[0]),
              Pointwise(FloatNear(1e-5F), values_of<float>(wanted.outputs[0])));
}

TEST_F(Openvino, RefusesAPrecisionThatItDoesNotKnow) {
  auto version = made("mlp");
  version.parameters["inference_precision"] = "f64";

  const Error error = refusal(version);

  EXPECT_EQ(error.code, Code::InvalidArgument);
  EXPECT_EQ(error.message, "parameter 'inference_precision' is 'f64', expected f32, bf16 or f16");
}

TEST_F(Openvino, RunsInEveryPrecisionThatItNames) {
  for (const std::string precision : {"f32", "bf16", "f16"}) {
    auto version = made("mlp");
    version.parameters["inference_precision"] = precision;

    const auto instance = opened(version);

    const Response response =
        answer(*instance, {{rows(std::vector<float>(64, 0.5F), 64)}, {0}, {}});
    EXPECT_THAT(response.outputs[0].shape, ElementsAre(1, 10)) << precision;
  }
}

TEST_F(Openvino, RefusesAThreadCountThatIsNoNumber) {
  auto version = made("mlp");
  version.parameters["intra_op_thread_count"] = "many";

  EXPECT_THAT(refusal(version).message, HasSubstr("parameter 'intra_op_thread_count' is 'many'"));
}

TEST_F(Openvino, LeavesTheMemoryOfTheRequestAsItIs) {
  const auto instance = opened(relu());
  const auto sent = floats({-1, 2, -3, 4});

  const Response response = answer(*instance, {{sent}, {0}, {}});

  EXPECT_THAT(values_of<float>(response.outputs[0]), ElementsAre(0, 2, 0, 4));
  EXPECT_THAT(values_of<float>(sent), ElementsAre(-1, 2, -3, 4));
}

TEST_F(Openvino, DoesNotWriteIntoAnAnswerThatIsGiven) {
  const auto instance = opened(relu());
  const Response first = answer(*instance, {{floats({1, 2, 3, 4})}, {0}, {}});

  const Response second = answer(*instance, {{floats({5, 6, 7, 8})}, {0}, {}});

  EXPECT_THAT(values_of<float>(first.outputs[0]), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(values_of<float>(second.outputs[0]), ElementsAre(5, 6, 7, 8));
}

TEST_F(Openvino, DoesNotWriteIntoAnAnswerWhenTheNextRunDoesNotWantThatOutput) {
  const auto instance = opened(made("simple"));
  const auto ask = [&](std::int32_t value, std::uint32_t output) {
    Batch batch;
    for (int i = 0; i < 2; ++i) {
      batch.inputs.push_back(make_tensor(DataType::Int32, std::vector<std::int32_t>(16, value)));
      batch.inputs.back().shape = {1, 16};
    }
    batch.outputs = {output};
    return answer(*instance, std::move(batch));
  };
  const Response sum = ask(1, 0);

  const Response difference = ask(7, 1);

  EXPECT_EQ(values_of<std::int32_t>(sum.outputs[0]), std::vector<std::int32_t>(16, 2));
  EXPECT_EQ(values_of<std::int32_t>(difference.outputs[0]), std::vector<std::int32_t>(16, 0));
}

TEST_F(Openvino, TakesATensorThatIsNotAlignedToItsElements) {
  const auto instance = opened(relu());
  auto [buffer, data] = tensor::Buffer::allocate(4 * sizeof(float) + 1);
  const float values[] = {1, -2, 3, -4};
  std::memcpy(data + 1, values, sizeof(values));
  buffer.data += 1;
  buffer.bytes -= 1;

  const Response response =
      answer(*instance, {{{DataType::Fp32, {4}, std::move(buffer), nullptr}}, {0}, {}});

  EXPECT_THAT(values_of<float>(response.outputs[0]), ElementsAre(1, 0, 3, 0));
}

TEST_F(Openvino, NamesTheInputThatIsMissing) {
  const auto instance = opened(relu());

  const auto response = run(*instance, {{tensor::Tensor()}, {0}, {}});

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::InvalidArgument);
  EXPECT_EQ(response.error().message, "input 'x': missing; the model needs it");
}

TEST_F(Openvino, HoldsTheConfiguredSignatureAgainstTheFile) {
  auto version = made("mlp");
  version.signature.inputs = {{"x", DataType::Fp64, {-1, 64}}};

  EXPECT_EQ(refusal(version).message,
            "input 'x' is configured as FP64, but the model file has FP32");
}

TEST_F(Openvino, AnswersInTheOrderOfTheConfiguration) {
  auto version = made("simple");
  version.signature.inputs = {{"INPUT1", DataType::Int32, {-1, 16}},
                              {"INPUT0", DataType::Int32, {-1, 16}}};
  version.signature.outputs = {{"OUTPUT1", DataType::Int32, {-1, 16}}};
  const auto instance = opened(version);
  Batch batch;
  for (const std::int32_t value : {3, 10}) {
    batch.inputs.push_back(make_tensor(DataType::Int32, std::vector<std::int32_t>(16, value)));
    batch.inputs.back().shape = {1, 16};
  }
  batch.outputs = {0};

  const Response response = answer(*instance, std::move(batch));

  EXPECT_EQ(values_of<std::int32_t>(response.outputs[0]), std::vector<std::int32_t>(16, 7));
}

TEST_F(Openvino, SaysThatTheFileIsMissing) {
  const Error error = refusal(made("absent"));

  EXPECT_EQ(error.code, Code::NotFound);
  EXPECT_THAT(error.message, HasSubstr("absent/1/model.onnx"));
}

TEST_F(Openvino, RefusesAModelOfNothing) {
  const Error error = refusal(written(OnnxModel()));

  EXPECT_EQ(error.code, Code::InvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("no outputs"));
}

TEST_F(Openvino, SaysWhatIsWrongWithARepresentationWithoutItsWeights) {
  const auto whole = file("openvino_ir", "model.xml");
  auto version = whole;
  version.path = folder_ / "model.xml";
  std::filesystem::copy_file(whole.path, version.path);

  const Error error = refusal(version);

  EXPECT_EQ(error.code, Code::InvalidArgument);
  EXPECT_THAT(error.message, testing::Not(HasSubstr("Exception from")));
  EXPECT_THAT(error.message, HasSubstr("weights"));
}

TEST_F(Openvino, SaysThatThePluginIsMissing) {
  backend_ = make_openvino({.plugin = folder_ / "libaion_openvino.so"});

  const Error error = refusal(made("mlp"));

  EXPECT_EQ(error.code, Code::Unavailable);
  EXPECT_THAT(error.message,
              HasSubstr((folder_ / "libaion_openvino.so").string() + " cannot be used"));
}

TEST_F(Openvino, SaysThatThePluginIsAnotherLibrary) {
  backend_ = make_openvino({.plugin = "libz.so.1"});

  EXPECT_THAT(refusal(made("mlp")).message, HasSubstr("it has no function aion_openvino_plugin"));
}

}  // namespace
}  // namespace aion::runtime

#endif
