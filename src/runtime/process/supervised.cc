#include "runtime/process/supervised.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "runtime/supervisor/record.h"

namespace aion::runtime {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostRecord = 1U << 16U;

/// A descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

Error system_error(const std::string& what) {
  return {Code::Unavailable, what + ": " + std::strerror(errno)};
}

std::string spec_text(const ProgramOrder& order) {
  std::string text;
  const auto add = [&](const char* key, const std::string& value) {
    text.append(key).append("=").append(value).push_back('\0');
  };
  for (const std::string& argument : order.arguments) {
    add(supervisor::kArgument, argument);
  }
  for (const auto& [name, value] : order.environment) {
    add(supervisor::kVariable, name + "=" + value);
  }
  add(supervisor::kWorkFolder, order.folder.string());
  add(supervisor::kStopSignal, std::to_string(order.stop_signal));
  add(supervisor::kGrace, std::to_string(order.grace.count()));
  add(supervisor::kLogLimit, std::to_string(order.log_limit.count));
  add(supervisor::kNice, std::to_string(order.niceness));
  if (order.time_limit.count() > 0) {
    add(supervisor::kTimeLimit, std::to_string(order.time_limit.count()));
  }
  for (const std::uint32_t cpu : order.cpus) {
    add(supervisor::kCpus, std::to_string(cpu));
  }
  if (order.most_processes > 0) {
    add(supervisor::kMostProcesses, std::to_string(order.most_processes));
  }
  for (const fs::path& door : order.group.doors()) {
    add(supervisor::kGroup, door.string());
  }
  const std::array<std::pair<const char*, std::optional<fs::path>>, 3> files{
      {{supervisor::kFreezer, order.group.freezer()},
       {supervisor::kKill, order.group.killer()},
       {supervisor::kMembers, order.group.members()}}};
  for (const auto& [key, file] : files) {
    if (file) {
      add(key, file->string());
    }
  }
  return text;
}

Result<void> write_new(const fs::path& file, const std::string& text) {
  const Descriptor opened(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  std::size_t done = 0;
  while (opened.number() >= 0 && done < text.size()) {
    const ssize_t written = ::write(opened.number(), text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR) {
      return system_error("cannot write '" + file.string() + "'");
    }
    done += static_cast<std::size_t>(std::max<ssize_t>(written, 0));
  }
  return opened.number() >= 0 ? Result<void>()
                              : system_error("cannot write '" + file.string() + "'");
}

struct SpawnSetting {
  SpawnSetting() {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
  }
  ~SpawnSetting() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSetting(const SpawnSetting&) = delete;
  SpawnSetting& operator=(const SpawnSetting&) = delete;

  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t actions{};
};

/// With the two descriptors and nothing else open.
Result<int> spawn(const fs::path& program, const fs::path& folder, int bell, int record) {
  SpawnSetting setting;
  posix_spawnattr_setflags(&setting.attributes, POSIX_SPAWN_SETSID);
  for (const int standard : {0, 1, 2}) {
    posix_spawn_file_actions_addopen(&setting.actions, standard, "/dev/null", O_RDWR, 0);
  }
  // By way of high numbers: one may stand where the other is to go.
  constexpr int kAway = 1000;
  posix_spawn_file_actions_adddup2(&setting.actions, bell, kAway + supervisor::kBell);
  posix_spawn_file_actions_adddup2(&setting.actions, record, kAway + supervisor::kRecord);
  posix_spawn_file_actions_adddup2(&setting.actions, kAway + supervisor::kBell, supervisor::kBell);
  posix_spawn_file_actions_adddup2(
      &setting.actions, kAway + supervisor::kRecord, supervisor::kRecord);
  posix_spawn_file_actions_addclosefrom_np(&setting.actions, supervisor::kRecord + 1);
  const std::string path = program.string();
  const std::string place = folder.string();
  // The interface takes them as char*, and does not write to them.
  std::array<char*, 3> arguments{
      const_cast<char*>(path.c_str()), const_cast<char*>(place.c_str()), nullptr};
  std::array<char*, 1> environment{nullptr};
  pid_t process = -1;
  const int failed = ::posix_spawn(&process,
                                   path.c_str(),
                                   &setting.actions,
                                   &setting.attributes,
                                   arguments.data(),
                                   environment.data());
  if (failed != 0) {
    errno = failed;
    return system_error("cannot start '" + path + "'");
  }
  return process;
}

std::chrono::system_clock::time_point time_of(std::int64_t us) {
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          std::chrono::microseconds(us)));
}

ProgramRecord::End end_of(std::istringstream& in) {
  ProgramRecord::End end;
  std::string kind;
  std::int64_t at = 0;
  std::int64_t cpu = 0;
  std::uint64_t peak_kib = 0;
  in >> kind >> end.number >> end.is_stopped >> end.is_over_time >> at >> cpu >> peak_kib >>
      end.dropped.count;
  end.kind = kind == "exited"      ? ProgramRecord::Kind::Exited
             : kind == "signalled" ? ProgramRecord::Kind::Signalled
                                   : ProgramRecord::Kind::Failed;
  end.at = time_of(at);
  end.cpu = std::chrono::microseconds(cpu);
  end.peak_memory.count = peak_kib << 10U;
  return end;
}

/// The files of a log by the offsets at which they begin.
std::vector<std::uint64_t> starts_in(const fs::path& folder) {
  std::vector<std::uint64_t> starts;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    std::uint64_t start = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), start);
    if (read.ec == std::errc() && name.size() == supervisor::kOffsetDigits) {
      starts.push_back(start);
    }
  }
  std::ranges::sort(starts);
  return starts;
}

std::string file_name(std::uint64_t start) {
  std::string digits = std::to_string(start);
  return std::string(supervisor::kOffsetDigits - digits.size(), '0') + digits;
}

std::string read_at(const fs::path& file, std::uint64_t offset, std::size_t limit) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string text(limit, '\0');
  const ssize_t got =
      opened.number() < 0
          ? -1
          : ::pread(opened.number(), text.data(), text.size(), static_cast<off_t>(offset));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return text;
}

}  // namespace

Result<int> Supervised::start(const fs::path& supervisor,
                              const ProgramOrder& order,
                              int bell) const {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) {
    return Error{Code::Unavailable, "cannot make '" + folder_.string() + "': " + failed.message()};
  }
  AION_TRY_VOID(write_new(folder_ / supervisor::kSpecFile, spec_text(order)));
  if (::mkfifo((folder_ / supervisor::kControlFile).c_str(), S_IRUSR | S_IWUSR) != 0) {
    return system_error("cannot make the control of '" + folder_.string() + "'");
  }
  const fs::path file = folder_ / supervisor::kRecordFile;
  const Descriptor record(
      ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (record.number() < 0 || ::flock(record.number(), LOCK_EX | LOCK_NB) != 0) {
    return system_error("cannot lock '" + file.string() + "'");
  }
  return spawn(supervisor, folder_, bell, record.number());
}

bool Supervised::is_alive() const {
  const Descriptor record(
      ::open((folder_ / supervisor::kRecordFile).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return record.number() >= 0 && ::flock(record.number(), LOCK_SH | LOCK_NB) != 0 &&
         errno == EWOULDBLOCK;
}

ProgramRecord Supervised::record() const {
  ProgramRecord record;
  const auto text = read_file(folder_ / supervisor::kRecordFile, kMostRecord);
  std::istringstream lines(text ? *text : std::string());
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    std::string word;
    in >> word;
    if (word == "supervisor") {
      in >> record.supervisor;
    } else if (word == "started") {
      std::int64_t at = 0;
      in >> record.process >> at;
      record.started = time_of(at);
    } else if (word == "what") {
      std::getline(in >> std::ws, record.what);
    } else if (word == "ended") {
      record.end = end_of(in);
    }
  }
  return record;
}

Result<void> Supervised::demand(Demand demand, int signal) const {
  if (!is_alive()) {
    return Error{Code::FailedPrecondition, "it has ended"};
  }
  using supervisor::OrderKind;
  constexpr std::array<OrderKind, 4> kKinds{
      OrderKind::Stop, OrderKind::Suspend, OrderKind::Resume, OrderKind::Signal};
  const supervisor::Order order{kKinds[static_cast<std::size_t>(demand)], signal};
  // A supervisor that has only just been started listens in a moment.
  constexpr int kTries = 200;
  constexpr timespec kPause{0, 5'000'000};
  for (int i = 0; i < kTries && is_alive(); ++i) {
    const Descriptor control(
        ::open((folder_ / supervisor::kControlFile).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    if (control.number() >= 0 &&
        ::write(control.number(), &order, sizeof(order)) == static_cast<ssize_t>(sizeof(order))) {
      return {};
    }
    ::nanosleep(&kPause, nullptr);
  }
  return Error{Code::FailedPrecondition, "its supervisor does not listen"};
}

Supervised::LogPart Supervised::log(std::uint64_t offset, std::size_t limit) const {
  const fs::path folder = folder_ / supervisor::kLogFolder;
  const auto starts = starts_in(folder);
  LogPart part;
  part.offset = offset;
  auto next = std::ranges::upper_bound(starts, offset);
  if (next != starts.begin()) {
    --next;
  }
  for (; next != starts.end() && part.text.size() < limit; ++next) {
    const std::uint64_t end = part.offset + part.text.size();
    const std::uint64_t from = std::max(*next, end);
    if (from != end && !part.text.empty()) {
      break;  // what is missing between is gone
    }
    const std::string text =
        read_at(folder / file_name(*next), from - *next, limit - part.text.size());
    if (part.text.empty() && !text.empty()) {
      part.offset = from;
    }
    part.text += text;
  }
  return part;
}

namespace {

std::size_t kill_marked_once(std::string_view variable) {
  std::size_t count = 0;
  std::error_code failed;
  for (fs::directory_iterator entry("/proc", failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    pid_t process = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), process);
    if (read.ec != std::errc() || process <= 1 || process == ::getpid()) {
      continue;
    }
    constexpr std::size_t kMostEnvironment = 4U << 20U;
    const auto text = read_file(entry->path() / "environ", kMostEnvironment);
    const std::string line = std::string(variable) + '\0';
    if (text && (text->starts_with(line) || text->find('\0' + line) != std::string::npos)) {
      ::kill(process, SIGKILL);
      ++count;
    }
  }
  return count;
}

}  // namespace

/// One that is just being made, or becomes another program, shows no environment for a moment: the
/// looks go on until several have found nobody.
std::size_t kill_marked(std::string_view variable) {
  constexpr int kMostLooks = 400;
  constexpr int kQuietLooks = 5;
  constexpr timespec kPause{0, 5'000'000};
  std::size_t count = 0;
  int quiet = 0;
  for (int i = 0; i < kMostLooks && quiet < kQuietLooks; ++i) {
    const std::size_t found = kill_marked_once(variable);
    count += found;
    quiet = found == 0 ? quiet + 1 : 0;
    ::nanosleep(&kPause, nullptr);
  }
  return count;
}

}  // namespace aion::runtime
