#include "runtime/backend/onnx.h"

#include <array>
#include <charconv>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <malloc.h>

#include "runtime/backend/agreement.h"
#include "runtime/backend/onnx/estimate.h"
#include "runtime/backend/onnx/graph_cache.h"
#include "runtime/backend/onnx/instance.h"
#include "runtime/backend/onnx/library.h"
#include "runtime/backend/onnx/session.h"
#include "runtime/backend/onnx/signature.h"
#include "runtime/backend/onnx/stepped_instance.h"
#include "runtime/backend/onnx/steps.h"
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

/// How long a step of a run may take by the parameter "step_ms"; 0 = it is not cut.
Result<Duration> longest_step(const std::map<std::string, std::string>& parameters) {
  const auto given = parameters.find("step_ms");
  if (given == parameters.end()) {
    return Duration{0};
  }
  const std::string& text = given->second;
  double ms = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, ms);
  if (fault != std::errc{} || stop != end || !(ms >= 0.01 && ms <= 10'000)) {
    return Error{Code::InvalidArgument,
                 "parameter 'step_ms' is '" + text +
                     "', expected a number of milliseconds from 0.01 to 10000"};
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
}

/// A load frees copies of the weights; the C library keeps blocks of up to 32 MiB for itself.
void give_back_rest(const std::filesystem::path& model) {
  if (onnx::size_of(model) >= Bytes::mebi(1)) {
    malloc_trim(0);
  }
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

  /// A file that cannot be read needs nothing: open() says why it is no model.
  [[nodiscard]] Result<Estimate> estimate(const catalog::ModelVersion& version) const override {
    Estimate estimate{resource::Quantity{1.0, Bytes{}}};
    const auto needs = onnx::estimate_needs(version.path, 1);
    if (needs) {
      const Bytes packed = cache_.takes(onnx::size_of(version.path)) ? Bytes{} : needs->packed;
      estimate.held.memory =
          Bytes{needs->weights.count + packed.count + needs->session.count + needs->running.count};
      // What the cache does not hold yet is optimised first, beside a copy that goes there.
      const std::uint64_t more = was_loaded(version.path) ? 0 : needs->weights.count;
      estimate.loading = Bytes{needs->loading.count + more};
      estimate.running = needs->running;
    }
    return estimate;
  }

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
    AION_TRY(const Duration longest, longest_step(version.parameters));
    if (longest > Duration{0}) {
      auto cutting = onnx::cut_in_steps(session, request, signature, longest);
      if (cutting && !cutting->steps.empty()) {
        return std::unique_ptr<Instance>(std::make_unique<onnx::SteppedInstance>(
            std::move(cutting->steps), std::move(signature), std::move(lease)));
      }
      note_uncut(version, cutting ? cutting->why : cutting.error().message);
    }
    session->lease = std::move(lease);
    give_back_rest(version.path);
    note_loaded(version.path);
    return std::unique_ptr<Instance>(
        std::make_unique<onnx::OnnxInstance>(std::move(session), std::move(signature)));
  }

  void note_uncut(const catalog::ModelVersion& version, const std::string& why) const {
    if (options_.log != nullptr) {
      options_.log->info("model not cut into steps",
                         {{"model", version.name}, {"version", version.number}, {"reason", why}});
    }
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

  [[nodiscard]] bool was_loaded(const std::filesystem::path& model) const {
    const std::scoped_lock lock(loaded_mutex_);
    return loaded_.contains(model);
  }
  void note_loaded(const std::filesystem::path& model) {
    const std::scoped_lock lock(loaded_mutex_);
    if (loaded_.size() >= kMostNoted) {
      loaded_.clear();
    }
    loaded_.insert(model);
  }

  static constexpr std::size_t kMostNoted = 10'000;
  OnnxOptions options_;
  onnx::GraphCache cache_;
  mutable std::mutex loaded_mutex_;  // guards the next one
  std::set<std::filesystem::path> loaded_;
  std::mutex mutex_;
  std::shared_ptr<const onnx::Library> library_;
};

}  // namespace

std::unique_ptr<Backend> make_onnx(OnnxOptions options) {
  return std::make_unique<OnnxBackend>(std::move(options));
}

}  // namespace aion::runtime
