#include "runtime/backend/onnx/library.h"

#include <string_view>

#include <dlfcn.h>

namespace aion::runtime::onnx {

namespace {

// ONNX Runtime's codes, seen from the one who asked for a model to be loaded or run.
Code code_of(OrtErrorCode code, std::string_view message) {
  if (message.find("Failed to allocate memory") != std::string_view::npos ||
      message.find("bad_alloc") != std::string_view::npos) {
    return Code::ResourceExhausted;
  }
  switch (code) {
    case ORT_INVALID_ARGUMENT:
    case ORT_INVALID_PROTOBUF:
    case ORT_INVALID_GRAPH:
      return Code::InvalidArgument;
    case ORT_NO_SUCHFILE:
    case ORT_NO_MODEL:
      return Code::NotFound;
    case ORT_NOT_IMPLEMENTED:
      return Code::Unimplemented;
    case ORT_OK:
    case ORT_FAIL:
    case ORT_ENGINE_ERROR:
    case ORT_RUNTIME_EXCEPTION:
    case ORT_MODEL_LOADED:
    case ORT_EP_FAIL:
      return Code::Internal;
  }
  return Code::Internal;  // a code that is newer than the header
}

// The library would write its log to stdout and stderr; what matters comes back in the status of
// each call.
void drop_log(void*, OrtLoggingLevel, const char*, const char*, const char*, const char*) {}

Error cannot_use(const std::filesystem::path& path, std::string_view why) {
  return Error{Code::Unavailable,
               "ONNX Runtime library " + path.string() + " cannot be used: " + std::string(why)};
}

}  // namespace

Result<std::shared_ptr<const Library>> Library::open(const std::filesystem::path& path) {
  void* const file = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (file == nullptr) {
    return cannot_use(path, dlerror());
  }
  using GetApiBase = const OrtApiBase*(ORT_API_CALL*)();
  const auto get_base = reinterpret_cast<GetApiBase>(dlsym(file, "OrtGetApiBase"));
  if (get_base == nullptr) {
    return cannot_use(path, "it has no function OrtGetApiBase");
  }
  const OrtApiBase* const base = get_base();
  std::string version = base->GetVersionString();
  const OrtApi* const api = base->GetApi(ORT_API_VERSION);
  if (api == nullptr) {
    return cannot_use(path,
                      "it is version " + version + ", expected 1." +
                          std::to_string(ORT_API_VERSION) + " or newer");
  }
  std::shared_ptr<Library> library(new Library(api, std::move(version)));
  if (auto ready = library->prepare(); !ready) {
    return cannot_use(path, ready.error().message);
  }
  return std::shared_ptr<const Library>(std::move(library));
}

Result<void> Library::prepare() {
  OrtEnv* env = nullptr;
  AION_TRY_VOID(check(
      api_->CreateEnvWithCustomLogger(drop_log, nullptr, ORT_LOGGING_LEVEL_FATAL, "aion", &env)));
  env_ = own<EnvHandle>(env);
  OrtMemoryInfo* memory = nullptr;
  AION_TRY_VOID(check(api_->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory)));
  host_memory_ = own<MemoryInfoHandle>(memory);
  return check(api_->GetAllocatorWithDefaultOptions(&allocator_));
}

Result<void> Library::check(OrtStatus* status) const {
  if (status == nullptr) [[likely]] {
    return {};
  }
  std::string message = api_->GetErrorMessage(status);
  const Code code = code_of(api_->GetErrorCode(status), message);
  api_->ReleaseStatus(status);
  return Error{code, std::move(message)};
}

}  // namespace aion::runtime::onnx
