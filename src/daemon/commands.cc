#include "daemon/commands.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/ip_address.h"
#include "base/json.h"
#include "base/version.h"
#include "daemon/background.h"
#include "daemon/config.h"
#include "daemon/wiring.h"

namespace aion::daemon {

namespace {

using cli::Arguments;
using cli::Command;
using cli::Exit;
using cli::Option;

constexpr auto kConfigFlag = "config";

/// The flags of the settings, and which file they come from.
std::vector<Option> setting_options() {
  Config defaults;
  ConfigTable table;
  bind(table, defaults);
  std::vector<Option> options{
      {kConfigFlag, "FILE", "TOML file to read instead of the user's aion.toml"}};
  for (const Setting& setting : table.settings()) {
    const std::string shown = setting.value.empty() ? "" : " (default " + setting.value + ")";
    options.push_back({ConfigTable::flag_of(setting.key),
                       setting.is_switch ? "" : "VALUE",
                       setting.help + shown,
                       true});
  }
  return options;
}

std::filesystem::path config_file(const Arguments& arguments) {
  const char* const set =
      std::getenv("AION_CONFIG");  // NOLINT(concurrency-mt-unsafe): no thread yet
  return arguments.value(kConfigFlag).value_or(set != nullptr ? set : "");
}

bool is_setting(const ConfigTable& table, const std::string& flag) {
  return std::any_of(table.settings().begin(), table.settings().end(), [&](const Setting& setting) {
    return ConfigTable::flag_of(setting.key) == flag;
  });
}

std::string origin_of(const ConfigTable& table, std::string_view key) {
  const auto at = std::find_if(table.settings().begin(),
                               table.settings().end(),
                               [&](const Setting& setting) { return setting.key == key; });
  return at == table.settings().end() ? "" : at->origin;
}

Result<void> fill(ConfigTable& table, const Arguments& arguments) {
  AION_TRY_VOID(apply_file_and_environment(table, config_file(arguments)));
  for (const auto& [flag, value] : arguments.flags) {
    if (is_setting(table, flag)) {  // the others are the command's own
      AION_TRY_VOID(table.apply_flag(flag, value));
    }
  }
  return {};
}

std::string ready_line(const Addresses& at,
                       std::size_t models,
                       std::chrono::steady_clock::time_point begun) {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  return "aion " + std::string(kVersion) + " ready: http " + with_port(at.host, at.http) +
         ", grpc " + with_port(at.host, at.grpc) + ", metrics " + with_port(at.host, at.metrics) +
         ", models " + std::to_string(models) + ", " + std::to_string(took.count()) + " ms\n";
}

/// The signals that the daemon waits for, blocked in every thread so that sigwait() alone takes
/// them: those that end it, and SIGUSR1, by which its own threads wake the one that waits.
class Signals {
 public:
  Signals() {
    sigemptyset(&ending_);
    sigaddset(&ending_, SIGINT);
    sigaddset(&ending_, SIGTERM);
    all_ = ending_;
    sigaddset(&all_, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &all_, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }

  /// Until somebody ends the daemon, or it has given up itself.
  void wait(const std::atomic<bool>& has_given_up) const {
    int received = 0;
    do {
      sigwait(&all_, &received);
    } while (received == SIGUSR1 && !has_given_up);
    // A second signal ends the process at once, as the impatient expect.
    pthread_sigmask(SIG_UNBLOCK, &ending_, nullptr);
  }

  static void wake() { kill(getpid(), SIGUSR1); }

 private:
  sigset_t ending_{};
  sigset_t all_{};
};

Exit serve(const Config& config, const ConfigTable& table, Background& background) {
  const auto begun = std::chrono::steady_clock::now();
  const Signals signals;
  rlimit files{};  // a connection is a descriptor, and the usual soft limit is 1,024
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  auto daemon = Daemon::start(config, table);
  if (!daemon) {
    background.failed(daemon.error().message);
    return Exit::Failed;
  }
  std::string failure;
  std::atomic<bool> has_given_up = false;
  bool is_loaded = false;  // this and the two above are read after stop(), so after the last call
  (*daemon)->load([&, at = (*daemon)->addresses()](const Result<std::size_t>& models) {
    if (models) {
      is_loaded = true;
      background.ready(ready_line(at, *models, begun));
      return;
    }
    failure = models.error().message;
    has_given_up = true;
    Signals::wake();
  });
  signals.wait(has_given_up);
  (*daemon)->stop();
  if (!is_loaded) {
    background.failed(has_given_up ? failure : "stopped before all models were loaded");
  }
  return has_given_up ? Exit::Failed : Exit::Done;
}

Exit up(const Arguments& arguments) {
  Config config;
  ConfigTable table;
  bind(table, config);
  auto filled = fill(table, arguments);
  if (filled) {
    filled = config.check();
  }
  if (!filled) {
    cli::say_error(filled.error().message);
    return Exit::WrongUse;
  }
  auto background = Background::begin(arguments.has("daemon"), config.data_dir);
  if (!background) {
    cli::say_error(background.error().message);
    return Exit::Failed;
  }
  if (background->is_parent()) {
    return background->wait_for_child() ? Exit::Done : Exit::Failed;
  }
  return serve(config, table, *background);
}

Exit down(const Arguments& arguments) {
  Config config;
  ConfigTable table;
  bind(table, config);
  auto filled = fill(table, arguments);
  if (!filled) {
    cli::say_error(filled.error().message);
    return Exit::WrongUse;
  }
  const auto folder = config.data_dir.empty() ? default_data_dir() : config.data_dir;
  const auto running = DataFolder::running(folder);
  if (!running) {
    cli::say_error("no daemon runs on the data folder '" + folder.string() + "'");
    return Exit::Failed;
  }
  if (kill(running->pid, SIGTERM) != 0) {
    cli::say_error("cannot signal the daemon, pid " + std::to_string(running->pid));
    return Exit::Failed;
  }
  const auto deadline =
      std::chrono::steady_clock::now() + config.stop_limit + std::chrono::seconds{10};
  while (DataFolder::running(folder)) {
    if (std::chrono::steady_clock::now() > deadline) {
      cli::say_error("the daemon, pid " + std::to_string(running->pid) + ", has not ended yet");
      return Exit::Failed;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  if (arguments.has("json")) {
    std::printf("%s\n", to_text(Json{{"pid", running->pid}, {"stopped", true}}).c_str());
  } else {
    std::printf("stopped, pid %d\n", static_cast<int>(running->pid));
  }
  return Exit::Done;
}

Exit config_show(const Arguments& arguments) {
  Config config;
  ConfigTable table;
  bind(table, config);
  if (auto filled = fill(table, arguments); !filled) {
    cli::say_error(filled.error().message);
    return Exit::WrongUse;
  }
  if (!arguments.has("json")) {
    for (const Setting& setting : table.settings()) {
      std::printf(
          "%-28s %-24s %s\n", setting.key.c_str(), setting.value.c_str(), setting.origin.c_str());
    }
    return Exit::Done;
  }
  Json list = Json::array();
  for (const Setting& setting : table.settings()) {
    list.push_back({{"key", setting.key}, {"value", setting.value}, {"origin", setting.origin}});
  }
  std::printf("%s\n", to_text(Json{{"settings", std::move(list)}}).c_str());
  return Exit::Done;
}

}  // namespace

Result<cli::Place> place_of(const Arguments& arguments) {
  Config config;
  ConfigTable table;
  bind(table, config);
  AION_TRY_VOID(fill(table, arguments));
  cli::Place place;
  place.is_folder_named = !config.data_dir.empty();
  place.data_dir = place.is_folder_named ? config.data_dir : default_data_dir();
  place.host = config.listen;
  place.http_port = config.http_port;
  place.is_port_a_flag = origin_of(table, "http.port").starts_with("flag ");
  return place;
}

std::vector<Command> commands() {
  std::vector<Option> up_options = setting_options();
  up_options.insert(up_options.begin(),
                    {"daemon", "", "run in the background; return when it is ready"});
  std::vector<Option> other_options = setting_options();
  other_options.insert(other_options.begin(), {"json", "", "print JSON"});
  return {
      {"up", "", 0, 0, "start the daemon", up_options, up},
      {"down", "", 0, 0, "stop the daemon that runs on the data folder", other_options, down},
      {"config show",
       "",
       0,
       0,
       "print every setting, its value and where it comes from",
       other_options,
       config_show},
  };
}

}  // namespace aion::daemon
