// A model file loaded by ONNX Runtime.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "runtime/backend/onnx/graph_cache.h"
#include "runtime/backend/onnx/library.h"

namespace aion::runtime::onnx {

/// A session and the library it belongs to. Several runs may be under way in it at once.
struct Session {
  std::shared_ptr<const Library> library;
  SessionHandle handle;
};

struct SessionRequest {
  std::filesystem::path model;
  int threads = 1;  // of one run
  GraphOptimizationLevel level = ORT_ENABLE_ALL;
};

/// Reads and optimises the model file, or takes the graph that an earlier load of the same content
/// has left in the cache. Fails with the library's own reason, which is never one of the cache.
[[nodiscard]] Result<std::shared_ptr<const Session>> load_session(
    std::shared_ptr<const Library> library, const SessionRequest& request, GraphCache& cache);

}  // namespace aion::runtime::onnx
