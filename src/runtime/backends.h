// The list of backends that this program has.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/result.h"
#include "runtime/backend/backend.h"

namespace aion::runtime {

/// What backends need of the house.
struct BackendEnvironment {
  Clock* clock = nullptr;                 // outlives the backends
  std::filesystem::path onnx_library;     // empty = the one that the build found
  std::filesystem::path onnx_cache = {};  // folder of optimised graphs; empty = none is kept
  Bytes onnx_cache_limit = Bytes::mebi(1024);
  const Log* log = nullptr;                    // may be null; outlives the backends
  std::filesystem::path openvino_plugin = {};  // empty = the one beside the program
  std::filesystem::path
      worker_program;       // the program that `aion worker` is; for isolation = "process"
  int compute_threads = 1;  // how many runs may be under way at once
};

/// All backends, to be looked up by name. Nothing is loaded before the first open().
class Backends {
 public:
  explicit Backends(const BackendEnvironment& environment);

  /// The backend for this version, or NotFound that lists the known names. A version with the
  /// parameter "isolation" = "process" gets its backend inside a supervised child process.
  [[nodiscard]] Result<Backend*> find(const catalog::ModelVersion& version) const;

  [[nodiscard]] std::vector<std::string_view> names() const;

 private:
  std::vector<std::unique_ptr<Backend>> in_process_;
  std::vector<std::unique_ptr<Backend>> in_worker_;
};

}  // namespace aion::runtime
