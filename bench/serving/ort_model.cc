#include "serving/ort_model.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <dlfcn.h>

namespace aion::bench {
namespace {

[[noreturn]] void stop(const char* what, const char* detail) {
  std::fprintf(stderr, "%s: %s\n", what, detail);
  std::exit(1);
}

// The library is opened by path as the daemon opens it, so that both run the same code.
const OrtApi* open_runtime() {
  const char* named = std::getenv("AION_ONNXRUNTIME_LIBRARY");
  const char* path = named != nullptr ? named : AION_ONNXRUNTIME_LIBRARY;
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    stop("ONNX Runtime cannot be opened", dlerror());
  }
  using GetApiBase = const OrtApiBase* (*)();
  const auto get_api_base = reinterpret_cast<GetApiBase>(dlsym(library, "OrtGetApiBase"));
  if (get_api_base == nullptr) {
    stop("the library has no OrtGetApiBase", path);
  }
  const OrtApi* api = get_api_base()->GetApi(ORT_API_VERSION);
  if (api == nullptr) {
    stop("the library is older than the headers", path);
  }
  return api;
}

const OrtApi* runtime() {
  static const OrtApi* const api = open_runtime();
  return api;
}

}  // namespace

void check(OrtStatus* status) {
  if (status != nullptr) {
    stop("ONNX Runtime", runtime()->GetErrorMessage(status));
  }
}

ModelArguments parse_model_arguments(const char* path, const char* shape, const char* dtype) {
  ModelArguments parsed;
  parsed.path = path;
  for (const char* at = shape; *at != '\0';) {
    char* end = nullptr;
    parsed.shape.push_back(std::strtoll(at, &end, 10));
    if (end == at || parsed.shape.back() <= 0) {
      stop("a shape such as 1x64 is expected", shape);
    }
    at = *end == 'x' ? end + 1 : end;
  }
  if (std::strcmp(dtype, "f32") == 0) {
    parsed.dtype = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
  } else if (std::strcmp(dtype, "i32") == 0) {
    parsed.dtype = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32;
  } else {
    stop("f32 or i32 is expected", dtype);
  }
  return parsed;
}

OrtModel::OrtModel(ModelArguments arguments, int intra_op_threads)
    : api_(runtime()), arguments_(std::move(arguments)) {
  input_bytes_ = 4;
  for (const int64_t extent : arguments_.shape) {
    input_bytes_ *= static_cast<std::size_t>(extent);
  }
  OrtEnv* environment = nullptr;
  check(api_->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "bench", &environment));
  OrtSessionOptions* options = nullptr;
  check(api_->CreateSessionOptions(&options));
  check(api_->SetIntraOpNumThreads(options, intra_op_threads));
  check(api_->SetInterOpNumThreads(options, 1));
  check(api_->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL));

  const auto begin = std::chrono::steady_clock::now();
  check(api_->CreateSession(environment, arguments_.path.c_str(), options, &session_));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  load_milliseconds_ = took.count();

  OrtAllocator* allocator = nullptr;
  check(api_->GetAllocatorWithDefaultOptions(&allocator));
  check(api_->SessionGetInputName(session_, 0, allocator, &input_name_));
  check(api_->SessionGetOutputName(session_, 0, allocator, &output_name_));
}

OrtMemoryInfo* OrtModel::make_memory_info() const {
  OrtMemoryInfo* memory = nullptr;
  check(api_->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
  return memory;
}

OrtValue* OrtModel::make_input(const OrtMemoryInfo* memory, void* data) const {
  OrtValue* value = nullptr;
  check(api_->CreateTensorWithDataAsOrtValue(memory,
                                             data,
                                             input_bytes_,
                                             arguments_.shape.data(),
                                             arguments_.shape.size(),
                                             arguments_.dtype,
                                             &value));
  return value;
}

OrtValue* OrtModel::run(const OrtValue* input) const {
  OrtValue* output = nullptr;
  check(api_->Run(session_, nullptr, &input_name_, &input, 1, &output_name_, 1, &output));
  return output;
}

const float* OrtModel::data(OrtValue* value) const {
  void* bytes = nullptr;
  check(api_->GetTensorMutableData(value, &bytes));
  return static_cast<const float*>(bytes);
}

std::size_t OrtModel::element_count(const OrtValue* value) const {
  OrtTensorTypeAndShapeInfo* info = nullptr;
  check(api_->GetTensorTypeAndShape(value, &info));
  std::size_t count = 0;
  check(api_->GetTensorShapeElementCount(info, &count));
  api_->ReleaseTensorTypeAndShapeInfo(info);
  return count;
}

}  // namespace aion::bench
