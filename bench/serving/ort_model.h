// One ONNX Runtime session with one input and one output, for the bench programs: nothing between
// them and the C API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <onnxruntime_c_api.h>

namespace aion::bench {

// What a bench program is told about its model on the command line.
struct ModelArguments {
  std::string path;
  std::vector<int64_t> shape;
  ONNXTensorElementDataType dtype = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
};

// Reads `MODEL SHAPE(1x64) f32|i32`; ends the program on anything else.
ModelArguments parse_model_arguments(const char* path, const char* shape, const char* dtype);

// Prints the message of a failed call and ends the program: a bench has nobody to tell.
void check(OrtStatus* status);

// Safe to use from several threads at once after construction; lives as long as the program.
class OrtModel {
 public:
  OrtModel(ModelArguments arguments, int intra_op_threads);

  // Both element types of the bench have four bytes.
  std::size_t input_bytes() const { return input_bytes_; }
  bool is_float() const { return arguments_.dtype == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; }
  const char* output_name() const { return output_name_; }
  double load_milliseconds() const { return load_milliseconds_; }

  // Each thread makes its own.
  OrtMemoryInfo* make_memory_info() const;

  // One tensor over the caller's bytes, one inline run; the caller releases both values.
  OrtValue* make_input(const OrtMemoryInfo* memory, void* data) const;
  OrtValue* run(const OrtValue* input) const;
  void release(OrtValue* value) const { api_->ReleaseValue(value); }

  const float* data(OrtValue* value) const;
  std::size_t element_count(const OrtValue* value) const;

 private:
  const OrtApi* api_;
  ModelArguments arguments_;
  std::size_t input_bytes_ = 0;
  OrtSession* session_ = nullptr;
  char* input_name_ = nullptr;
  char* output_name_ = nullptr;
  double load_milliseconds_ = 0;
};

}  // namespace aion::bench
