#include "runtime/worker_main.h"

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/executor.h"
#include "base/log.h"
#include "runtime/backend/worker/serve.h"

namespace aion::runtime {

namespace {

constexpr std::string_view kParent = "--parent=";
constexpr std::string_view kOnnxLibrary = "--onnx-library=";
constexpr std::string_view kOnnxCache = "--onnx-cache=";
constexpr std::string_view kOnnxCacheLimit = "--onnx-cache-bytes=";
constexpr std::string_view kOpenvinoPlugin = "--openvino-plugin=";
constexpr std::string_view kComputeThreads = "--compute-threads=";

struct Arguments {
  long parent = 0;
  BackendEnvironment environment;
};

template <class Number>
bool parse(std::string_view text, Number& number) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc{} && end == text.data() + text.size();
}

Result<void> parse_argument(std::string_view argument, Arguments& into) {
  if (argument.starts_with(kParent) && parse(argument.substr(kParent.size()), into.parent)) {
    return {};
  }
  if (argument.starts_with(kOnnxLibrary)) {
    into.environment.onnx_library = argument.substr(kOnnxLibrary.size());
    return {};
  }
  if (argument.starts_with(kOnnxCache)) {
    into.environment.onnx_cache = argument.substr(kOnnxCache.size());
    return {};
  }
  if (argument.starts_with(kOnnxCacheLimit) &&
      parse(argument.substr(kOnnxCacheLimit.size()), into.environment.onnx_cache_limit.count)) {
    return {};
  }
  if (argument.starts_with(kOpenvinoPlugin)) {
    into.environment.openvino_plugin = argument.substr(kOpenvinoPlugin.size());
    return {};
  }
  const bool is_threads =
      argument.starts_with(kComputeThreads) &&
      parse(argument.substr(kComputeThreads.size()), into.environment.compute_threads);
  if (is_threads && into.environment.compute_threads > 0) {
    return {};
  }
  return Error{Code::InvalidArgument, "unexpected argument '" + std::string(argument) + "'"};
}

Result<Arguments> parse_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 2; i < argc; ++i) {
    AION_TRY_VOID(parse_argument(argv[i], arguments));
  }
  if (arguments.parent == 0) {
    return Error{Code::InvalidArgument,
                 "the daemon starts worker processes by itself; there is nothing to start by hand"};
  }
  return arguments;
}

Result<void> serve(const Arguments& arguments, const Log& log) {
  Executors executors({.io = 1,
                       .compute = static_cast<std::size_t>(arguments.environment.compute_threads),
                       .blocking = 1});
  BackendEnvironment environment = arguments.environment;
  environment.clock = &executors.clock();
  environment.log = &log;
  const Backends backends(environment);
  const auto find = [&backends](const catalog::ModelVersion& version) {
    return backends.find(version);
  };
  auto served = worker::serve(executors, find);
  executors.join();
  return served;
}

}  // namespace

std::vector<std::string> worker_arguments(const BackendEnvironment& environment) {
  std::vector<std::string> arguments{std::string(kComputeThreads) +
                                     std::to_string(environment.compute_threads)};
  if (!environment.onnx_library.empty()) {
    arguments.push_back(std::string(kOnnxLibrary) + environment.onnx_library.string());
  }
  if (!environment.onnx_cache.empty()) {
    arguments.push_back(std::string(kOnnxCache) + environment.onnx_cache.string());
    arguments.push_back(std::string(kOnnxCacheLimit) +
                        std::to_string(environment.onnx_cache_limit.count));
  }
  if (!environment.openvino_plugin.empty()) {
    arguments.push_back(std::string(kOpenvinoPlugin) + environment.openvino_plugin.string());
  }
  return arguments;
}

int worker_main(int argc, char** argv) {
  const Log log;
  const auto arguments = parse_arguments(argc, argv);
  if (!arguments) {
    log.error("worker process not started", {{"reason", arguments.error().message}});
    return 2;
  }
  if (auto tied = worker::die_with_parent(arguments->parent); !tied) {
    return 2;
  }
  if (auto served = serve(*arguments, log); !served) {
    log.error("worker process not started", {{"reason", served.error().message}});
    return 2;
  }
  return 0;
}

}  // namespace aion::runtime
