// All settings of the daemon: the Config of every room, and where the values come from.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/config_table.h"
#include "net/http/server.h"
#include "serving/model_server.h"

namespace aion::daemon {

struct Config {
  std::vector<std::string> model_repository;  // folders
  std::filesystem::path data_dir;             // empty = the user's state folder
  std::string listen = "127.0.0.1";
  bool is_insecure = false;
  std::string model_control_mode = "none";  // a serving::ControlMode
  std::vector<std::string> load_model;      // what explicit and remember load at start; "*" = all
  std::uint16_t http_port = 8000;
  std::uint16_t grpc_port = 8001;
  std::uint16_t metrics_port = 8002;
  std::filesystem::path http_unix;  // absolute once checked; empty = none
  std::filesystem::path grpc_unix;
  std::vector<std::string> allowed_hosts;
  Bytes max_body = Bytes::mebi(64);
  std::size_t max_connections = 20'000;
  std::chrono::milliseconds header_timeout{30'000};
  std::chrono::milliseconds body_timeout{120'000};
  std::chrono::milliseconds idle_timeout{600'000};
  std::size_t io_threads = 0;       // 0 = by the machine
  std::size_t compute_threads = 0;  // 0 = one per core
  std::size_t blocking_threads = 4;
  std::chrono::microseconds inline_below{50};
  std::size_t max_queue = 4096;
  std::string serving_order = "sjf-aging";
  bool serving_deadlines = true;
  std::size_t serving_safety_slots = 0;
  Bytes memory_budget{};       // 0 = by the machine
  std::size_t jobs_cores = 0;  // 0 = by the machine
  std::string jobs_policy = "default";
  bool jobs_have_groups = true;
  std::filesystem::path jobs_supervisor;  // empty = beside the program
  bool jobs_have_environments = true;
  std::string jobs_uv = "uv";
  std::string eviction = "gdsf";
  std::chrono::milliseconds load_wait{30'000};
  bool has_opencl = false;
  std::vector<std::string> simulated;
  std::vector<std::string> named;
  Bytes response_cache = Bytes::mebi(64);
  std::chrono::milliseconds stop_limit{30'000};
  std::filesystem::path onnx_library;
  Bytes onnx_cache = Bytes::mebi(1024);
  std::filesystem::path openvino_plugin;
  std::string log_level = "info";
  std::string log_format = "text";

  /// InvalidArgument when values do not go together; fills in what is left to the machine.
  [[nodiscard]] Result<void> check();
};

/// Binds every field under its key.
void bind(ConfigTable& table, Config& config);

/// Fills the table from the file (`file` empty = $XDG_CONFIG_HOME/aion/aion.toml, else
/// ~/.config/aion/aion.toml, if there is one), then the environment. Flags come after, from the
/// command line.
[[nodiscard]] Result<void> apply_file_and_environment(ConfigTable& table,
                                                      const std::filesystem::path& file);

/// Where state lies when nothing else is said: $XDG_STATE_HOME/aion, else ~/.local/state/aion.
[[nodiscard]] std::filesystem::path default_data_dir();

}  // namespace aion::daemon
