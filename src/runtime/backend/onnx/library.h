// ONNX Runtime itself: the opened library, its table of functions and its one environment.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <onnxruntime_c_api.h>

#include "base/result.h"

namespace aion::runtime::onnx {

/// Owns an object of the library; gives it back through the function table it came from.
template <class T, auto kRelease>
struct Release {
  const OrtApi* api = nullptr;
  void operator()(T* object) const { (api->*kRelease)(object); }
};
template <class T, auto kRelease>
using Handle = std::unique_ptr<T, Release<T, kRelease>>;

using EnvHandle = Handle<OrtEnv, &OrtApi::ReleaseEnv>;
using SessionHandle = Handle<OrtSession, &OrtApi::ReleaseSession>;
using SessionOptionsHandle = Handle<OrtSessionOptions, &OrtApi::ReleaseSessionOptions>;
using RunOptionsHandle = Handle<OrtRunOptions, &OrtApi::ReleaseRunOptions>;
using MemoryInfoHandle = Handle<OrtMemoryInfo, &OrtApi::ReleaseMemoryInfo>;
using TypeInfoHandle = Handle<OrtTypeInfo, &OrtApi::ReleaseTypeInfo>;
using ShapeInfoHandle = Handle<OrtTensorTypeAndShapeInfo, &OrtApi::ReleaseTensorTypeAndShapeInfo>;
using ValueHandle = Handle<OrtValue, &OrtApi::ReleaseValue>;

/// The library, opened once and never closed: its threads and our outputs may outlive any owner.
///
/// Thread safety: all methods may be called from any thread.
class Library {
 public:
  /// Opens the file; Unavailable says which one is missing, or too old for the functions that this
  /// program needs.
  static Result<std::shared_ptr<const Library>> open(const std::filesystem::path& path);

  [[nodiscard]] const OrtApi& api() const { return *api_; }
  [[nodiscard]] OrtEnv* env() const { return env_.get(); }
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] const OrtMemoryInfo* host_memory() const { return host_memory_.get(); }
  /// The allocator of names and of string tensors; owned by the library.
  [[nodiscard]] OrtAllocator* allocator() const { return allocator_; }

  /// What a call of the library answered: nothing, or its own words. Frees the status.
  [[nodiscard]] Result<void> check(OrtStatus* status) const;

  template <class H, class T>
  [[nodiscard]] H own(T* object) const {
    return H(object, typename H::deleter_type{api_});
  }

 private:
  Library(const OrtApi* api, std::string version) : api_(api), version_(std::move(version)) {}
  [[nodiscard]] Result<void> prepare();

  const OrtApi* api_;
  std::string version_;
  EnvHandle env_;
  MemoryInfoHandle host_memory_;
  OrtAllocator* allocator_ = nullptr;
};

}  // namespace aion::runtime::onnx
