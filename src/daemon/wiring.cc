#include "daemon/wiring.h"

#include <algorithm>
#include <array>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/spawn.h"
#include "base/version.h"
#include "catalog/repository/folder.h"
#include "catalog/repository/folder_watch.h"
#include "daemon/device_metrics.h"
#include "daemon/jobs_floor.h"
#include "daemon/metrics_handler.h"
#include "net/grpc/server.h"
#include "net/http/server.h"
#include "protocol/kserve/grpc_api.h"
#include "protocol/kserve/http_api.h"
#include "protocol/native/jobs_api.h"
#include "protocol/native/native_api.h"
#include "resource/capacities.h"
#include "resource/ledger.h"
#include "resource/machine.h"
#include "runtime/backends.h"
#include "sched/policy/order.h"
#include "security/authorizer.h"
#include "serving/model_server.h"

namespace aion::daemon {

namespace {

// After the limit of a graceful stop the connections are closed, which cancels what still runs;
// ONNX Runtime looks for that between two operators.
constexpr std::chrono::milliseconds kCancelLimit{5'000};

LogLevel level_of(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, LogLevel>, 5> kLevels = {
      {{"debug", LogLevel::Debug},
       {"info", LogLevel::Info},
       {"warn", LogLevel::Warn},
       {"error", LogLevel::Error},
       {"off", LogLevel::Off}}};
  for (const auto& [known, level] : kLevels) {
    if (known == name) {
      return level;
    }
  }
  return LogLevel::Info;
}

net::HttpConfig http_config(const Config& config, std::uint16_t port) {
  net::HttpConfig http;
  http.address = config.listen;
  http.port = port;
  http.max_body_bytes = config.max_body.count;
  http.header_timeout = config.header_timeout;
  http.body_timeout = config.body_timeout;
  http.idle_timeout = config.idle_timeout;
  http.max_connections = config.max_connections;
  http.allowed_hosts = config.allowed_hosts;
  return http;
}

net::GrpcConfig grpc_config(const Config& config) {
  net::GrpcConfig grpc;
  grpc.address = config.listen;
  grpc.port = config.grpc_port;
  grpc.unix_path = config.grpc_unix;
  grpc.max_connections = config.max_connections;
  return grpc;
}

runtime::BackendEnvironment backend_environment(const Config& config,
                                                Executors& executors,
                                                const Log& log) {
  runtime::BackendEnvironment environment;
  environment.clock = &executors.clock();
  environment.onnx_library = config.onnx_library;
  environment.onnx_cache = config.data_dir / "cache" / "onnx";
  environment.onnx_cache_limit = config.onnx_cache;
  environment.log = &log;
  environment.openvino_plugin = config.openvino_plugin;
  environment.worker_program = "/proc/self/exe";
  environment.compute_threads = static_cast<int>(executors.compute_count());
  return environment;
}

std::vector<std::filesystem::path> roots_of(const Config& config) {
  return {config.model_repository.begin(), config.model_repository.end()};
}

// However late the last answer was ready, its client gets this long to read it.
constexpr std::chrono::milliseconds kLeastSendTime{1'000};

/// A library that loads cannot be told to come back, and nobody's request is lost with it.
void leave_if_only_loading(const Log& log, const Error& reason) {
  if (reason.code == Code::Cancelled) {
    log.warn("load given up", {{"reason", reason.message}});
    _exit(0);
  }
}

Json settings_json(const ConfigTable& table) {
  Json list = Json::array();
  for (const Setting& setting : table.settings()) {
    list.push_back({{"key", setting.key}, {"value", setting.value}, {"origin", setting.origin}});
  }
  return Json{{"settings", std::move(list)}};
}

}  // namespace

namespace {

serving::ControlMode control_mode(const std::string& name) {
  using serving::ControlMode;
  return name == "poll"       ? ControlMode::Poll
         : name == "explicit" ? ControlMode::Explicit
         : name == "demand"   ? ControlMode::Demand
         : name == "remember" ? ControlMode::Remember
                              : ControlMode::None;
}

serving::Config serving_config(const Config& wanted) {
  serving::Config config;
  config.inline_below = wanted.inline_below;
  config.max_queue = wanted.max_queue;
  config.order = *sched::find_order(wanted.serving_order);  // Config::check() has looked it up
  config.honours_deadlines = wanted.serving_deadlines;
  config.safety_slots = wanted.serving_safety_slots;
  config.cache = wanted.response_cache;
  config.control = control_mode(wanted.model_control_mode);
  config.load_at_start = wanted.load_model;
  config.remembered = wanted.data_dir / "models.json";
  config.eviction = serving::find_eviction_policy(wanted.eviction)->score;  // checked, too
  config.load_wait = wanted.load_wait;
  config.measured = wanted.data_dir / "memory.json";
  return config;
}

Awaitable<void> refresh(serving::ModelServer& server, std::string model) {
  // Why it failed is in the index and in the log.
  [[maybe_unused]] const auto refreshed = co_await server.refresh(std::move(model));
}

}  // namespace

/// Members in the order they are built; they go in the reverse order.
struct Daemon::House {
  House(const Config& wanted,
        const ConfigTable& settings,
        DataFolder locked,
        std::unique_ptr<resource::Machine> found,
        std::vector<resource::Capacity> capacities)
      : config(wanted),
        folder(std::move(locked)),
        log(level_of(wanted.log_level),
            wanted.log_format == "json" ? LogFormat::JsonLines : LogFormat::Plain),
        executors({wanted.io_threads, wanted.compute_threads, wanted.blocking_threads}),
        machine(std::move(found)),
        ledger(std::move(capacities)),
        repository(roots_of(wanted), wanted.data_dir / "uploads"),
        backends(backend_environment(wanted, executors, log)),
        server({executors, repository, backends, ledger, metrics, log}, serving_config(wanted)),
        kserve_http(
            server, authorizer, executors, {"aion", std::string(kVersion), wanted.max_body.count}),
        native({server,
                authorizer,
                *machine,
                ledger,
                executors,
                [&settings] {
                  return settings_json(settings);
                }}),
        metrics_handler(metrics) {
    std::error_code ignored;  // what a daemon that was killed has left; it is nobody's any more
    std::filesystem::remove_all(config.data_dir / "uploads", ignored);
    router.mount("/v2", kserve_http);
    router.mount("/api/aion/v1", native);
    router.mount("/metrics", metrics_handler);
    export_devices(metrics, *machine, ledger, executors.clock());
    metrics.family(
        "aion_ready", "Whether the server answers inference requests", MetricType::Gauge, [this] {
          return std::vector<Sample>{{{}, server.is_ready() ? 1.0 : 0.0}};
        });
  }

  Result<void> open_jobs();
  Result<void> lease_cores();
  Result<void> listen();
  Result<void> follow_repository();
  std::vector<net::GrpcService> grpc_services() {
    return kserve::grpc_services(server, authorizer, executors, {"aion", std::string(kVersion)});
  }
  Task<std::size_t> bring_up(Addresses addresses);
  Awaitable<void> load(Addresses addresses, Loaded loaded);

  const Config config;
  DataFolder folder;
  Log log;
  Metrics metrics;
  Executors executors;
  std::unique_ptr<resource::Machine> machine;
  resource::Ledger ledger;
  resource::Lease inference_cores;
  catalog::FolderRepository repository;
  runtime::Backends backends;
  serving::ModelServer server;
  security::LoopbackAuthorizer authorizer;
  kserve::HttpApi kserve_http;
  native::NativeApi native;
  MetricsHandler metrics_handler;
  std::unique_ptr<JobsFloor> jobs;
  std::unique_ptr<native::JobsApi> jobs_api;
  net::HttpRouter router;
  std::unique_ptr<net::HttpServer> http;
  std::unique_ptr<net::HttpServer> metrics_http;
  std::unique_ptr<net::GrpcServer> grpc;

  std::unique_ptr<catalog::FolderWatch> watch;  // null = the repository is not followed
  std::future<void> load_ended;                 // invalid = nothing has been loaded
  std::promise<void> load_end;
  std::mutex stop_mutex;  // guards the one below; held while `loaded` is called
  bool is_stopping = false;
};

// What the program holds without any model: its code, the library, buffers of connections.
constexpr Bytes kOwnMemory = Bytes::mebi(64);

/// Only the budget can be leased of the memory of the device that serves models.
Result<void> apply_budget(Bytes budget, std::vector<resource::Capacity>& capacities) {
  Bytes& memory = capacities.front().quantity.memory;
  if (budget.count == 0) {
    memory = Bytes{memory.count - memory.count / 5};
    return {};
  }
  if (budget > memory) {
    return Error{Code::InvalidArgument,
                 "memory.budget: expected at most the " + std::to_string(memory.count) +
                     " bytes of this machine, got " + std::to_string(budget.count)};
  }
  memory = budget;
  return {};
}

Result<void> Daemon::House::open_jobs() {
  AION_TRY(jobs, JobsFloor::open(config, executors, ledger, log));
  jobs_api = std::make_unique<native::JobsApi>(
      native::JobsApi::Parts{jobs->service(), authorizer, jobs->token(), executors});
  router.mount("/api/aion/v1/jobs", *jobs_api);
  return {};
}

/// What computes for models holds cores like anybody else: those that are not kept for jobs, but no
/// more than it has threads.
Result<void> Daemon::House::lease_cores() {
  const double there = ledger.balances().front().capacity.quantity.cores;
  const double cores =
      std::clamp(there - jobs->cores(), 0.0, static_cast<double>(executors.compute_count()));
  AION_TRY(inference_cores, ledger.take({"inference", ledger.device(), {cores, kOwnMemory}}));
  return {};
}

Result<void> Daemon::House::listen() {
  net::HttpConfig models = http_config(config, config.http_port);
  models.unix_path = config.http_unix;
  AION_TRY(http, net::HttpServer::start(std::move(models), router, executors, log));
  AION_TRY(metrics_http,
           net::HttpServer::start(
               http_config(config, config.metrics_port), metrics_handler, executors, log));
  AION_TRY(grpc, net::GrpcServer::start(grpc_config(config), grpc_services(), executors, log));
  return {};
}

Daemon::Daemon(std::unique_ptr<House> house) : house_(std::move(house)) {}

Daemon::~Daemon() {
  stop();
}

/// Follows what changes in the model repository, where that is wanted.
Result<void> Daemon::House::follow_repository() {
  if (config.model_control_mode != "poll") {
    return {};
  }
  AION_TRY(watch,
           catalog::FolderWatch::start(roots_of(config), executors, [this](std::string model) {
             spawn(executors.blocking(), refresh(server, std::move(model)));
           }));
  return {};
}

/// Brings the models into service, then says so in the data folder.
Task<std::size_t> Daemon::House::bring_up(Addresses addresses) {
  AION_CO_TRY_VOID(co_await jobs->service().start());
  AION_CO_TRY_VOID(follow_repository());
  AION_CO_TRY_VOID(co_await server.start());
  AION_CO_TRY(const auto ready, co_await server.index(true));
  addresses.is_ready = true;
  AION_CO_TRY_VOID(folder.publish(addresses));
  co_return ready.size();
}

Awaitable<void> Daemon::House::load(Addresses addresses, Loaded loaded) {
  auto models = co_await bring_up(std::move(addresses));
  {
    const std::scoped_lock lock(stop_mutex);
    if (!is_stopping) {
      loaded(std::move(models));
    }
  }
  load_end.set_value();
}

Result<std::unique_ptr<Daemon>> Daemon::start(const Config& config, const ConfigTable& settings) {
  AION_TRY(DataFolder folder, DataFolder::open(config.data_dir));
  AION_TRY(auto machine, resource::Machine::probe({config.has_opencl, config.simulated}));
  AION_TRY(auto capacities, resource::capacities_of(*machine, config.named));
  AION_TRY_VOID(apply_budget(config.memory_budget, capacities));
  auto house = std::make_unique<House>(
      config, settings, std::move(folder), std::move(machine), std::move(capacities));
  AION_TRY_VOID(house->open_jobs());
  AION_TRY_VOID(house->lease_cores());
  std::unique_ptr<Daemon> daemon(new Daemon(std::move(house)));
  AION_TRY_VOID(daemon->house_->listen());
  AION_TRY_VOID(daemon->house_->folder.publish(daemon->addresses()));
  return daemon;
}

void Daemon::load(Loaded loaded) {
  house_->load_ended = house_->load_end.get_future();
  spawn(house_->executors.blocking(), house_->load(addresses(), std::move(loaded)));
}

Addresses Daemon::addresses() const {
  return {getpid(),
          house_->config.listen,
          house_->http->port(),
          house_->grpc->port(),
          house_->metrics_http->port()};
}

std::chrono::milliseconds time_to_send(std::chrono::milliseconds limit, Duration since_stop) {
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(since_stop);
  return std::max(limit - passed, kLeastSendTime);
}

void Daemon::stop() {
  if (!house_) {
    return;
  }
  House& house = *house_;
  {
    const std::scoped_lock lock(house.stop_mutex);
    house.is_stopping = true;
  }
  const TimePoint begun = house.executors.clock().now();
  house.server.drain();
  house.jobs->service().end_waits();
  // Not on the blocking executor: all its threads may be loading.
  const auto drained = wait_for(house.executors.io(), house.server.stop(house.config.stop_limit));
  if (!drained) {
    house.log.warn("stop limit passed", {{"reason", drained.error().message}});
    leave_if_only_loading(house.log, drained.error());
  }
  const auto left = [&] {
    return drained ? time_to_send(house.config.stop_limit, house.executors.clock().now() - begun)
                   : std::chrono::milliseconds{0};
  };
  const auto limit = left();
  {
    const std::jthread grpc_stop([&] {
      if (house.grpc) {
        house.grpc->stop(limit);
      }
    });
    for (auto* server : {house.http.get(), house.metrics_http.get()}) {
      if (server != nullptr) {
        server->stop(left());
      }
    }
  }
  const auto ended = wait_for(house.executors.io(), house.server.stop(kCancelLimit));
  if (ended && house.load_ended.valid() &&
      house.load_ended.wait_for(kCancelLimit) != std::future_status::ready) {
    leave_if_only_loading(house.log, {Code::Cancelled, "the model repository is still being read"});
  }
  if (!ended) {
    leave_if_only_loading(house.log, ended.error());
    // A library that does not let go of a request would be unloaded under it: end the process as it
    // stands.
    house.log.error("requests did not end", {{"reason", ended.error().message}});
    _exit(1);
  }
  house.watch = nullptr;
  if (const auto stopped = wait_for(house.executors.io(), house.jobs->service().stop()); !stopped) {
    house.log.error("jobs not saved", {{"reason", stopped.error().message}});
  }
  house.executors.join();
  house_.reset();
}

}  // namespace aion::daemon
