#include "jobs/environment/environments.h"

#include <algorithm>
#include <span>
#include <sstream>
#include <utility>

#include <sys/utsname.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/spawn.h"
#include "runtime/process/command.h"

// g++ 12 inlines Boost.Asio's operator new of a frame and not its operator delete, and then takes
// them for strangers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace aion::jobs {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostText = 256U << 10U;
constexpr std::size_t kMostShown = 600;  // of a tool's last words
constexpr const char* kReady = "environment.json";
constexpr const char* kFormat = "venv 1";  // another one makes other keys

std::string platform() {
  utsname names{};
  ::uname(&names);
  return std::string(names.sysname) + " " + names.machine;
}

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  const auto end = text.find_last_not_of(" \t\r");
  return begin == std::string_view::npos ? "" : std::string(text.substr(begin, end - begin + 1));
}

std::string last_words(const std::string& output) {
  const std::size_t from = output.size() > kMostShown ? output.size() - kMostShown : 0;
  std::string words = trimmed(output.substr(from));
  std::ranges::replace(words, '\n', ' ');
  return words;
}

std::uint64_t size_of(const fs::path& folder) {
  std::uint64_t total = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code unreadable;
    if (entry->is_regular_file(unreadable) && !entry->is_symlink(unreadable)) {
      total += entry->file_size(unreadable);
    }
  }
  return total;
}

}  // namespace

Result<std::string> normalised(const std::string& requirements) {
  if (requirements.size() > kMostText || requirements.find('\0') != std::string::npos) {
    return Error{Code::InvalidArgument,
                 "'requirements': expected at most " + std::to_string(kMostText) +
                     " bytes of text without zeros"};
  }
  std::string text;
  std::string joined;
  std::istringstream lines(requirements);
  for (std::string line; std::getline(lines, line);) {
    std::string one = trimmed(line);
    if (one.ends_with('\\')) {  // goes on in the next line
      joined += trimmed(one.substr(0, one.size() - 1)) + " ";
      continue;
    }
    one = trimmed(joined + one);
    joined.clear();
    if (const auto comment = one.find(" #"); comment != std::string::npos) {
      one = trimmed(one.substr(0, comment));
    }
    if (one.empty() || one.starts_with('#')) {
      continue;
    }
    const bool is_flag = one.starts_with('-') && !one.starts_with("--hash");
    if (is_flag || one.starts_with('.') || one.starts_with('/') ||
        one.find("file:") != std::string::npos) {
      return Error{Code::InvalidArgument,
                   "'requirements': expected packages by name, got '" + one.substr(0, 100) +
                       "': what a file or a flag names is not part of the text"};
    }
    text += one + "\n";
  }
  return text;
}

Environments::Environments(Executors& executors, const Log& log, Options options)
    : executors_(executors),
      log_(log),
      options_(std::move(options)),
      building_(executors.blocking()) {}

fs::path Environments::folder_of(const std::string& key) const {
  return options_.root / key;
}

/// What the tool has printed.
Result<std::string> Environments::run(std::vector<std::string> arguments,
                                      const fs::path& folder) const {
  runtime::CommandOrder order;
  order.arguments = std::move(arguments);
  order.environment = options_.environment;
  order.environment["UV_PYTHON_DOWNLOADS"] = "never";
  order.environment["UV_CACHE_DIR"] = (options_.root / "uv-cache").string();
  order.environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1";
  order.environment["PIP_NO_INPUT"] = "1";
  order.folder = folder;
  order.limit = options_.build_limit;
  AION_TRY(const runtime::CommandResult done, runtime::run_command(order));
  if (done.is_over_time) {
    return Error{Code::DeadlineExceeded,
                 "'" + order.arguments.front() + "' took longer than " +
                     std::to_string(order.limit.count() / 1000) + " s"};
  }
  if (done.status != 0) {
    return Error{Code::InvalidArgument,
                 "'" + fs::path(order.arguments.front()).filename().string() + "' ended with " +
                     std::to_string(done.status) + ": " + last_words(done.output)};
  }
  return done.output;
}

Result<std::string> Environments::version_of(const std::string& python) const {
  auto version = run({python, "--version"}, "/");
  return version ? Result<std::string>(trimmed(version->substr(0, version->find('\n'))))
                 : Error{Code::InvalidArgument,
                         "'python': there is no " + python + ": " + version.error().message};
}

bool Environments::has_uv() const {
  return !options_.uv.empty() && run({options_.uv, "--version"}, "/").has_value();
}

Result<Environment> Environments::read(const std::string& key) const {
  const fs::path file = folder_of(key) / kReady;
  AION_TRY(const std::string text, read_file(file, 4 * kMostText));
  AION_TRY(const Json json, parse_json(text));
  Environment environment;
  environment.key = key;
  environment.folder = folder_of(key) / "venv";
  environment.python = json.value("python", "");
  environment.contents = json.value("contents", "");
  environment.size.count = json.value("size_bytes", std::uint64_t{0});
  std::error_code failed;
  const auto used = fs::last_write_time(file, failed);
  environment.used = std::chrono::file_clock::to_sys(used);
  return environment;
}

Result<Environment> Environments::build(const Requirements& wanted,
                                        const std::string& version,
                                        const std::string& key) const {
  const fs::path folder = folder_of(key);
  std::error_code failed;
  fs::remove_all(folder, failed);  // of a build that was killed
  fs::create_directories(folder, failed);
  if (failed) {
    return Error{Code::Unavailable, "cannot make '" + folder.string() + "': " + failed.message()};
  }
  const std::string venv = (folder / "venv").string();
  const std::string python = wanted.python.empty() ? "python3" : wanted.python;
  const std::string file = (folder / "requirements.txt").string();
  AION_TRY_VOID(replace_file(file, wanted.text));
  const std::string inside = venv + "/bin/python";
  std::string contents;
  if (has_uv()) {
    AION_TRY_VOID(run({options_.uv, "venv", "--quiet", "--python", python, venv}, folder));
    if (!wanted.text.empty()) {
      AION_TRY_VOID(
          run({options_.uv, "pip", "install", "--quiet", "--python", inside, "-r", file}, folder));
    }
    AION_TRY(contents, run({options_.uv, "pip", "freeze", "--python", inside}, folder));
  } else {
    AION_TRY_VOID(run({python, "-m", "venv", venv}, folder));
    if (!wanted.text.empty()) {
      AION_TRY_VOID(run({inside, "-m", "pip", "install", "--quiet", "-r", file}, folder));
    }
    AION_TRY(contents, run({inside, "-m", "pip", "freeze"}, folder));
  }
  const Json json{{"python", version}, {"contents", contents}, {"size_bytes", size_of(folder)}};
  AION_TRY_VOID(replace_file(folder / kReady, to_text(json)));  // from now on it counts
  return read(key);
}

Task<Environment> Environments::prepare(Requirements wanted) {
  AION_CO_TRY(wanted.text, normalised(wanted.text));
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  auto version = version_of(wanted.python.empty() ? "python3" : wanted.python);
  if (!version) {
    co_await on(back);
    co_return version.error();
  }
  const std::string all = std::string(kFormat) + "\n" + platform() + "\n" + *version + "\n" +
                          wanted.python + "\n" + wanted.text;
  Sha256 digest;
  digest.add(std::as_bytes(std::span(all)));
  const std::string key = digest.finish();
  auto made = read(key);
  if (!made) {
    const auto guard = co_await building_.lock("one at a time");
    co_await on(executors_.blocking());
    made = read(key);  // somebody has built it meanwhile
    if (!made) {
      made = build(wanted, *version, key);
      if (made) {
        log_.info("environment built", {{"key", key}, {"bytes", made->size.count}});
      } else {
        std::error_code ignored;
        fs::remove_all(folder_of(key), ignored);
      }
    }
  }
  if (made) {
    std::error_code ignored;
    fs::last_write_time(folder_of(key) / kReady, fs::file_time_type::clock::now(), ignored);
  }
  co_await on(back);
  co_return made;
}

Task<std::vector<Environment>> Environments::list() {
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  std::vector<Environment> all;
  std::error_code failed;
  for (fs::directory_iterator entry(options_.root, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (auto environment = read(entry->path().filename().string())) {
      all.push_back(*std::move(environment));
    }
  }
  std::ranges::sort(all, std::ranges::greater{}, &Environment::used);
  co_await on(back);
  co_return all;
}

Task<Bytes> Environments::collect(std::chrono::seconds unused, std::vector<std::string> kept) {
  AION_CO_TRY(const auto all, co_await list());
  const auto guard = co_await building_.lock("one at a time");
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  Bytes freed;
  for (const Environment& one : all) {
    const bool is_old = one.used + unused <= std::chrono::system_clock::now();
    if (is_old && std::ranges::find(kept, one.key) == kept.end()) {
      std::error_code failed;
      fs::remove(folder_of(one.key) / kReady, failed);  // first: half of one counts for none
      fs::remove_all(folder_of(one.key), failed);
      freed.count += one.size.count;
    }
  }
  co_await on(back);
  co_return freed;
}

}  // namespace aion::jobs
