#include "runtime/backend/onnx.h"

#include <array>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/backend/agreement.h"
#include "runtime/backend/onnx/graph_cache.h"
#include "runtime/backend/onnx/instance.h"
#include "runtime/backend/onnx/library.h"
#include "runtime/backend/onnx/session.h"
#include "runtime/backend/onnx/signature.h"
#include "runtime/backend/threads.h"

namespace aion::runtime {

namespace {

/// How far the parameter "graph_optimization" lets the library change the graph.
Result<GraphOptimizationLevel> graph_level(const std::map<std::string, std::string>& parameters) {
  constexpr std::array kLevels =
      std::to_array<std::pair<std::string_view, GraphOptimizationLevel>>({
          {"all", ORT_ENABLE_ALL},
          {"extended", ORT_ENABLE_EXTENDED},
          {"basic", ORT_ENABLE_BASIC},
          {"off", ORT_DISABLE_ALL},
      });
  const auto given = parameters.find("graph_optimization");
  if (given == parameters.end()) {
    return ORT_ENABLE_ALL;
  }
  for (const auto& [word, level] : kLevels) {
    if (given->second == word) {
      return level;
    }
  }
  return Error{Code::InvalidArgument,
               "parameter 'graph_optimization' is '" + given->second +
                   "', expected all, extended, basic or off"};
}

class OnnxBackend final : public Backend {
 public:
  explicit OnnxBackend(OnnxOptions options)
      : options_(std::move(options)), cache_(options_.cache, options_.cache_limit, options_.log) {
    if (options_.library.empty()) {
      options_.library = AION_ONNXRUNTIME_LIBRARY;
    }
  }

  [[nodiscard]] std::string_view name() const override { return "onnx"; }

  [[nodiscard]] Task<std::unique_ptr<Instance>> open(catalog::ModelVersion version,
                                                     resource::Lease lease) override {
    co_return load(version, std::move(lease));
  }

 private:
  [[nodiscard]] Result<std::unique_ptr<Instance>> load(const catalog::ModelVersion& version,
                                                       resource::Lease lease) {
    onnx::SessionRequest request{.model = version.path};
    AION_TRY(request.threads,
             threads_per_run(version.parameters, options_.compute_threads, lease.quantity().cores));
    AION_TRY(request.level, graph_level(version.parameters));
    AION_TRY(auto ready_library, library());
    AION_TRY(auto session, onnx::load_session(std::move(ready_library), request, cache_));
    AION_TRY(catalog::Signature file,
             onnx::read_signature(*session->library, session->handle.get()));
    AION_TRY(catalog::Signature signature, agree(version.signature, std::move(file)));
    return std::unique_ptr<Instance>(std::make_unique<onnx::OnnxInstance>(
        std::move(session), std::move(signature), std::move(lease)));
  }

  // Opened by the first who asks; a failure is not kept, so that a library installed later is
  // found.
  [[nodiscard]] Result<std::shared_ptr<const onnx::Library>> library() {
    const std::scoped_lock lock(mutex_);
    if (!library_) {
      AION_TRY(library_, onnx::Library::open(options_.library));
    }
    return library_;
  }

  OnnxOptions options_;
  onnx::GraphCache cache_;
  std::mutex mutex_;
  std::shared_ptr<const onnx::Library> library_;
};

}  // namespace

std::unique_ptr<Backend> make_onnx(OnnxOptions options) {
  return std::make_unique<OnnxBackend>(std::move(options));
}

}  // namespace aion::runtime
