#include "runtime/backends.h"

#include <string>
#include <utility>

#include "runtime/backend/echo.h"
#include "runtime/backend/onnx.h"
#include "runtime/backend/openvino.h"
#include "runtime/backend/worker.h"
#include "runtime/worker_main.h"

namespace aion::runtime {

namespace {

std::vector<std::unique_ptr<Backend>> make_all(const BackendEnvironment& environment) {
  std::vector<std::unique_ptr<Backend>> all;
  all.push_back(make_onnx({.library = environment.onnx_library,
                           .compute_threads = environment.compute_threads,
                           .cache = environment.onnx_cache,
                           .cache_limit = environment.onnx_cache_limit,
                           .log = environment.log}));
  all.push_back(make_openvino(
      {.plugin = environment.openvino_plugin, .compute_threads = environment.compute_threads}));
  all.push_back(make_echo(*environment.clock));
  return all;
}

/// Whether the version wants its backend in a process of its own.
Result<bool> is_isolated(const catalog::ModelVersion& version) {
  const auto found = version.parameters.find("isolation");
  if (found == version.parameters.end() || found->second == "none") {
    return false;
  }
  if (found->second == "process") {
    return true;
  }
  return Error{Code::InvalidArgument,
               "parameter 'isolation': expected none or process, got '" + found->second + "'"};
}

}  // namespace

Backends::Backends(const BackendEnvironment& environment) : in_process_(make_all(environment)) {
  for (const auto& inner : in_process_) {
    WorkerOptions options;
    options.program = environment.worker_program;
    options.arguments = worker_arguments(environment);
    in_worker_.push_back(make_worker(*inner, *environment.clock, std::move(options)));
  }
}

Result<Backend*> Backends::find(const catalog::ModelVersion& version) const {
  AION_TRY(const bool in_worker, is_isolated(version));
  for (const auto& backend : in_worker ? in_worker_ : in_process_) {
    if (backend->name() == version.backend) {
      return backend.get();
    }
  }
  std::string known;
  for (const std::string_view name : names()) {
    known.append(known.empty() ? "" : ", ").append(name);
  }
  return Error{Code::NotFound,
               "there is no backend '" + version.backend + "'; there are: " + known};
}

std::vector<std::string_view> Backends::names() const {
  std::vector<std::string_view> names;
  names.reserve(in_process_.size());
  for (const auto& backend : in_process_) {
    names.push_back(backend->name());
  }
  return names;
}

}  // namespace aion::runtime
