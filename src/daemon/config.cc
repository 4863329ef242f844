#include "daemon/config.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include <unistd.h>

#include "base/ip_address.h"
#include "net/io/unix_socket.h"
#include "sched/policies.h"
#include "sched/policy/order.h"

namespace aion::daemon {

namespace {

std::filesystem::path from_home(const char* variable, const char* below_home) {
  const char* const set =
      std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): before any thread starts
  if (set != nullptr && *set != '\0') {
    return std::filesystem::path(set) / "aion";
  }
  const char* const home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  return std::filesystem::path(home != nullptr ? home : "/") / below_home / "aion";
}

// More would be a slip of the pen: no machine that this was measured on has as many cores, and each
// thread takes a stack.
constexpr std::size_t kMaxThreads = 1024;

bool is_loopback(const std::string& address) {
  return address == "localhost" || is_loopback_address(address);
}

Result<void> expect_at_most_max_threads(const std::string& key, std::size_t count) {
  if (count > kMaxThreads) {
    return Error{Code::InvalidArgument,
                 key + ": expected at most " + std::to_string(kMaxThreads) + ", got " +
                     std::to_string(count)};
  }
  return {};
}

Result<void> expect_one_of(const std::string& key,
                           const std::string& value,
                           const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) {
    return {};
  }
  std::string list;
  for (const std::string& word : known) {
    list += (list.empty() ? "'" : ", '") + word + "'";
  }
  return Error{Code::InvalidArgument, key + ": expected one of " + list + ", got '" + value + "'"};
}

/// Makes the path of a Unix socket absolute.
Result<void> place_socket(const std::string& key,
                          const std::filesystem::path& data_dir,
                          std::filesystem::path& path) {
  if (path.empty()) {
    return {};
  }
  std::error_code failed;
  path = std::filesystem::absolute(data_dir / path, failed).lexically_normal();
  if (failed) {
    return Error{Code::InvalidArgument, key + ": " + failed.message()};
  }
  if (auto checked = net::check_unix_path(path.string()); !checked) {
    return Error{Code::InvalidArgument,
                 key + ": " + checked.error().message + " ('" + path.string() + "')"};
  }
  return {};
}

Result<void> place_sockets(Config& config) {
  AION_TRY_VOID(place_socket("http.unix", config.data_dir, config.http_unix));
  AION_TRY_VOID(place_socket("grpc.unix", config.data_dir, config.grpc_unix));
  if (!config.http_unix.empty() && config.http_unix == config.grpc_unix) {
    return Error{Code::InvalidArgument,
                 "grpc.unix: expected another path than that of http.unix, got '" +
                     config.grpc_unix.string() + "'"};
  }
  return {};
}

}  // namespace

void bind(ConfigTable& table, Config& config) {
  table.bind("model_repository", config.model_repository, "folders that hold models");
  table.bind("data_dir", config.data_dir, "where the daemon keeps its state");
  table.bind("listen", config.listen, "address to listen on");
  table.bind("insecure",
             config.is_insecure,
             "allow an address that others can reach, although nobody is asked who he is");
  table.bind("model_control_mode",
             config.model_control_mode,
             "none: load all models at start; poll: and what changes later; explicit: load on "
             "request only; demand: load what a request is for; remember: explicit, and again what "
             "was loaded before a restart");
  table.bind("load_model",
             config.load_model,
             "models to load at start where the mode is explicit, demand or remember; * = all");
  table.bind("http.port", config.http_port, "port of the HTTP protocols; 0 = any free one");
  table.bind("grpc.port", config.grpc_port, "port of the gRPC protocols; 0 = any free one");
  table.bind(
      "metrics.port", config.metrics_port, "port of the Prometheus metrics; 0 = any free one");
  table.bind("http.unix",
             config.http_unix,
             "path of a Unix socket that speaks HTTP, too; a relative one lies in the data folder; "
             "empty = none");
  table.bind("grpc.unix", config.grpc_unix, "the same for gRPC");
  table.bind("http.allowed_hosts",
             config.allowed_hosts,
             "host names that requests may be addressed to besides loopback");
  table.bind("http.max_input_size", config.max_body, "largest request body, in bytes");
  table.bind("http.max_connections", config.max_connections, "connections open at once");
  table.bind(
      "http.header_timeout_ms", config.header_timeout, "time for the head of a request to arrive");
  table.bind("http.body_timeout_ms", config.body_timeout, "time without a byte of the body");
  table.bind("http.idle_timeout_ms", config.idle_timeout, "time between requests of a connection");
  table.bind(
      "threads.io", config.io_threads, "threads for sockets, at most 1024; 0 = by the machine");
  table.bind("threads.compute",
             config.compute_threads,
             "threads for inference, at most 1024; 0 = one per core");
  table.bind(
      "threads.blocking", config.blocking_threads, "threads for files and loading, from 1 to 1024");
  table.bind(
      "serving.inline_below_us",
      config.inline_below,
      "a model faster than this may run on the socket's thread; for a request that nobody else "
      "stands beside, 20 times that");
  table.bind("serving.max_queue", config.max_queue, "requests that may wait for one model");
  table.bind("serving.order",
             config.serving_order,
             "whose queue gets a device that frees: an order of the scheduler, over the first "
             "requests of all models; a tick is a microsecond");
  table.bind("serving.deadlines",
             config.serving_deadlines,
             "requests with a deadline or a criticality go by these, and by the order only where "
             "nobody has any; off: a deadline only limits how long a request waits");
  table.bind("serving.safety_slots",
             config.serving_safety_slots,
             "slots of the device that only safety requests get; at most all but one");
  table.bind(
      "serving.cache_size",
      config.response_cache,
      "most that the kept answers of models with response_cache take, in bytes; 0 = none are "
      "kept");
  table.bind(
      "memory.budget",
      config.memory_budget,
      "most memory that this program, its models and jobs may hold, in bytes; idle models are "
      "evicted for others and come back on demand; 0 = four fifths of the machine's");
  table.bind("memory.eviction",
             config.eviction,
             "which idle model goes when another needs its memory: gdsf (what costs the least to "
             "bring back for what it holds) or lru (what was not used for the longest time)");
  table.bind("memory.load_wait_ms",
             config.load_wait,
             "how long a request waits at most for its model to be loaded");
  table.bind("jobs.cores",
             config.jobs_cores,
             "cores that jobs may hold together, which inference has only while they are idle; 0 = "
             "half of the machine's");
  table.bind("jobs.policy",
             config.jobs_policy,
             "in which order jobs start: a policy of aion simulate (default, fcfs, easy, ...)");
  table.bind("jobs.groups",
             config.jobs_have_groups,
             "hold jobs to their claims by control groups, where this process may make them");
  table.bind("jobs.environments",
             config.jobs_have_environments,
             "make Python environments for jobs that bring requirements, in the data folder");
  table.bind(
      "jobs.uv", config.jobs_uv, "the uv that makes them; where there is none, venv and pip do");
  table.bind("jobs.supervisor",
             config.jobs_supervisor,
             "path of aion-supervisor; empty = beside the program");
  table.bind("resource.opencl",
             config.has_opencl,
             "whether to look for OpenCL devices, too; their drivers take tens of MB");
  table.bind("resource.simulated",
             config.simulated,
             "devices to make up: memory=8GiB bandwidth=12GB/s latency=10us name=NAME fault=lost");
  table.bind("resource.named",
             config.named,
             "what else is counted and leased, on the first device: NAME=AMOUNT");
  table.bind("stop.limit_ms",
             config.stop_limit,
             "how long requests under way may take when the daemon stops");
  table.bind("onnx.library",
             config.onnx_library,
             "path of libonnxruntime.so; empty = the one found at build time");
  table.bind("onnx.cache_size",
             config.onnx_cache,
             "most that the optimised graphs of ONNX models take in the data folder, in bytes; 0 = "
             "none are kept");
  table.bind("openvino.plugin",
             config.openvino_plugin,
             "path of libaion_openvino.so; empty = ../lib beside the program");
  table.bind("log.level", config.log_level, "debug, info, warn, error or off");
  table.bind("log.format", config.log_format, "text or json");
}

Result<void> apply_file_and_environment(ConfigTable& table, const std::filesystem::path& file) {
  const bool is_asked = !file.empty();
  const auto path = is_asked ? file : from_home("XDG_CONFIG_HOME", ".config") / "aion.toml";
  std::error_code unreadable;
  if (is_asked || std::filesystem::exists(path, unreadable)) {
    AION_TRY_VOID(table.apply_file(path));
  }
  // Used by tests and scripts around the daemon, not by the daemon.
  return table.apply_environment(
      environ, {"AION_CONFIG", "AION_PROGRAM", "AION_TOKEN", "AION_TRACES", "AION_URL"});
}

std::filesystem::path default_data_dir() {
  return from_home("XDG_STATE_HOME", ".local/state");
}

Result<void> Config::check() {
  if (!is_loopback(listen) && !is_insecure) {
    return Error{Code::InvalidArgument,
                 "listen: '" + listen +
                     "' can be reached by others, and nobody is asked who he is yet; add "
                     "--insecure to allow it, or "
                     "listen on 127.0.0.1"};
  }
  AION_TRY_VOID(expect_one_of("model_control_mode",
                              model_control_mode,
                              {"none", "poll", "explicit", "demand", "remember"}));
  if (!load_model.empty() && (model_control_mode == "none" || model_control_mode == "poll")) {
    return Error{Code::InvalidArgument,
                 "load_model: expected nothing where model_control_mode is '" + model_control_mode +
                     "', which loads every model; got '" + load_model.front() + "'"};
  }
  if (const auto order = sched::find_order(serving_order); !order) {
    return Error{Code::InvalidArgument, "serving.order: " + order.error().message};
  }
  if (const auto policy = serving::find_eviction_policy(eviction); !policy) {
    return Error{Code::InvalidArgument, "memory.eviction: " + policy.error().message};
  }
  const auto policy = sched::find_policy(jobs_policy);
  if (!policy) {
    return Error{Code::InvalidArgument, "jobs.policy: " + policy.error().message};
  }
  if (policy->ranking == sched::Estimates::Actual ||
      policy->estimates == sched::Estimates::Actual) {
    return Error{Code::InvalidArgument,
                 "jobs.policy: expected one that does not know how long jobs will run, got '" +
                     jobs_policy + "', which is for traces alone"};
  }
  constexpr std::uint64_t kLeastBudget = 128U << 20U;
  if (memory_budget.count != 0 && memory_budget.count < kLeastBudget) {
    return Error{Code::InvalidArgument,
                 "memory.budget: expected 0 or at least 134217728 bytes (128 MiB), got " +
                     std::to_string(memory_budget.count)};
  }
  AION_TRY_VOID(expect_one_of("log.level", log_level, {"debug", "info", "warn", "error", "off"}));
  AION_TRY_VOID(expect_one_of("log.format", log_format, {"text", "json"}));
  AION_TRY_VOID(expect_at_most_max_threads("threads.io", io_threads));
  AION_TRY_VOID(expect_at_most_max_threads("threads.compute", compute_threads));
  AION_TRY_VOID(expect_at_most_max_threads("threads.blocking", blocking_threads));
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  // Small models run on the socket threads, so these scale with the cores too, but stay few on a
  // large machine.
  io_threads = io_threads != 0 ? io_threads : std::min<std::size_t>(cores, 8);
  compute_threads = compute_threads != 0 ? compute_threads : cores;
  if (blocking_threads == 0) {
    return Error{Code::InvalidArgument, "threads.blocking: expected 1 or more, got 0"};
  }
  if (data_dir.empty()) {
    data_dir = default_data_dir();
  }
  return place_sockets(*this);
}

}  // namespace aion::daemon
