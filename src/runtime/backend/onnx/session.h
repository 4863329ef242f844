// A model file loaded by ONNX Runtime.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "resource/lease/lease.h"
#include "runtime/backend/onnx/graph_cache.h"
#include "runtime/backend/onnx/library.h"
#include "runtime/backend/onnx/memory_file.h"

namespace aion::runtime::onnx {

/// A session and the library it belongs to. Several runs may be under way in it at once.
///
/// Its outputs keep it alive, so it is here that the lease lies: it is given back when the memory
/// has been.
struct Session {
  Session(std::shared_ptr<const Library> opened, SessionHandle made)
      : library(std::move(opened)), handle(std::move(made)) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::shared_ptr<const Library> library;
  SessionHandle handle;
  resource::Lease lease;  // set before the first run
};

struct SessionRequest {
  std::filesystem::path model;
  int threads = 1;  // of one run
  GraphOptimizationLevel level = ORT_ENABLE_ALL;
};

/// Reads and optimises the model file, or takes the graph that an earlier load of the same content
/// has left in the cache. Fails with the library's own reason, which is never one of the cache.
[[nodiscard]] Result<std::shared_ptr<Session>> load_session(std::shared_ptr<const Library> library,
                                                            const SessionRequest& request,
                                                            GraphCache& cache);

/// The graph as the library has optimised it, as ONNX.
[[nodiscard]] Result<Pages> optimised_graph(const Library& library, const SessionRequest& request);

/// A session of a graph that is optimised already. The bytes are not needed any more.
[[nodiscard]] Result<std::shared_ptr<const Session>> session_of(
    std::shared_ptr<const Library> library, std::string_view graph, int threads);

}  // namespace aion::runtime::onnx
