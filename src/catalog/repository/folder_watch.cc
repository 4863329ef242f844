#include "catalog/repository/folder_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <future>
#include <map>
#include <set>
#include <utility>

#include <sys/inotify.h>
#include <unistd.h>

#include "base/event_loop.h"

namespace aion::catalog {

namespace fs = std::filesystem;

namespace {

constexpr Duration kQuiet = std::chrono::milliseconds(250);
constexpr std::size_t kMostFolders = 50'000;
constexpr int kMostDepth = 8;
constexpr std::uint32_t kEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_MOVED_TO |
                                  IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR;

}  // namespace

/// On the thread of io loop 0 from open() on.
class FolderWatch::Watcher final : public EventLoop::Watcher,
                                   public std::enable_shared_from_this<Watcher> {
 public:
  Watcher(std::vector<fs::path> roots, Executors& executors, Changed changed)
      : roots_(std::move(roots)), executors_(executors), changed_(std::move(changed)) {}
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }

  [[nodiscard]] Result<void> open();
  void close();
  void on_events(std::uint32_t events) override;

 private:
  /// A folder that is watched: a root (no model), or one that belongs to a model.
  struct Folder {
    fs::path path;
    std::string model;
    int depth = 0;
  };

  void add(const Folder& folder);
  void read(const inotify_event& event, const char* name);
  void touch(const std::string& model);
  void touch_all();
  void tell_due();
  void set_timer();

  const std::vector<fs::path> roots_;
  Executors& executors_;
  Changed changed_;
  int descriptor_ = -1;
  std::map<int, Folder> folders_;  // by inotify's number
  std::map<std::string, TimePoint> due_;
  std::unique_ptr<Timer> timer_;
  bool is_added_ = false;  // to the loop
};

Result<void> FolderWatch::Watcher::open() {
  descriptor_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  is_added_ = descriptor_ >= 0 && executors_.loop(0).add(descriptor_, EPOLLIN, *this);
  if (!is_added_) {
    return Error{Code::Unavailable,
                 "cannot watch the model repository: " + std::generic_category().message(errno)};
  }
  for (const fs::path& root : roots_) {
    std::error_code failed;
    add({fs::canonical(root, failed), "", 0});
  }
  if (folders_.size() < roots_.size()) {
    return Error{Code::Unavailable,
                 "cannot watch the model repository: " + std::generic_category().message(errno) +
                     " (fs.inotify.max_user_watches bounds the folders that are watched)"};
  }
  return {};
}

void FolderWatch::Watcher::close() {
  if (std::exchange(is_added_, false)) {
    executors_.loop(0).remove(descriptor_, *this);
  }
  timer_ = nullptr;
  changed_ = nullptr;
}

/// Watches the folder and those below it that are there already.
void FolderWatch::Watcher::add(const Folder& folder) {
  if (folder.depth > kMostDepth || folders_.size() >= kMostFolders) {
    return;
  }
  const int number = ::inotify_add_watch(descriptor_, folder.path.c_str(), kEvents);
  if (number < 0) {
    return;  // it is gone again; its parent tells that
  }
  folders_[number] = folder;
  std::error_code failed;
  for (fs::directory_iterator entry(folder.path, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code unreadable;
    if (entry->is_directory(unreadable)) {
      const std::string name = entry->path().filename().string();
      add({entry->path(), folder.model.empty() ? name : folder.model, folder.depth + 1});
    }
  }
}

void FolderWatch::Watcher::on_events(std::uint32_t /*events*/) {
  alignas(inotify_event) std::array<char, 16'384> buffer{};
  for (;;) {
    const ssize_t got = ::read(descriptor_, buffer.data(), buffer.size());
    if (got <= 0) {
      break;
    }
    for (ssize_t at = 0; at < got;) {
      const char* const here = buffer.data() + at;
      const auto& event = *reinterpret_cast<const inotify_event*>(here);
      read(event, event.len > 0 ? here + sizeof(inotify_event) : "");
      at += static_cast<ssize_t>(sizeof(inotify_event) + event.len);
    }
  }
  set_timer();
}

void FolderWatch::Watcher::read(const inotify_event& event, const char* name) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    touch_all();
    return;
  }
  const auto found = folders_.find(event.wd);
  if (found == folders_.end()) {
    return;
  }
  if ((event.mask & IN_IGNORED) != 0) {
    folders_.erase(found);
    return;
  }
  const Folder folder = found->second;
  const fs::path path = folder.path / name;
  std::string model = folder.model;
  if (model.empty()) {
    // A link that is swapped ("..data" of a mounted volume) may change every model.
    if (*name == '.') {
      touch_all();
      return;
    }
    model = path.extension() == ".onnx" ? path.stem().string() : path.filename().string();
  }
  if ((event.mask & IN_ISDIR) != 0 && (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
    add({path, model, folder.depth + 1});
  }
  if (!model.empty()) {
    touch(model);
  }
}

void FolderWatch::Watcher::touch(const std::string& model) {
  due_[model] = executors_.clock().now() + kQuiet;
}

/// Every model that a root holds, and every one that was watched.
void FolderWatch::Watcher::touch_all() {
  std::set<std::string> models;
  for (const auto& [number, folder] : folders_) {
    models.insert(folder.model);
  }
  for (const fs::path& root : roots_) {
    std::error_code failed;
    for (fs::directory_iterator entry(root, failed), end; !failed && entry != end;
         entry.increment(failed)) {
      const fs::path& path = entry->path();
      models.insert(path.extension() == ".onnx" ? path.stem().string() : path.filename().string());
      std::error_code unreadable;
      if (entry->is_directory(unreadable)) {
        add({path, path.filename().string(), 1});
      }
    }
  }
  models.erase("");
  std::ranges::for_each(models, [this](const std::string& model) { touch(model); });
}

void FolderWatch::Watcher::tell_due() {
  const TimePoint now = executors_.clock().now();
  std::vector<std::string> quiet;
  std::erase_if(due_, [&](const auto& entry) {
    if (entry.second > now) {
      return false;
    }
    quiet.push_back(entry.first);
    return true;
  });
  for (std::string& model : quiet) {
    if (changed_) {
      changed_(std::move(model));
    }
  }
  set_timer();
}

void FolderWatch::Watcher::set_timer() {
  timer_ = nullptr;
  if (due_.empty() || !changed_) {
    return;
  }
  const auto next = std::ranges::min_element(
      due_, [](const auto& a, const auto& b) { return a.second < b.second; });
  timer_ = executors_.loop(0).at(next->second, [self = shared_from_this()] { self->tell_due(); });
}

FolderWatch::FolderWatch(Executors& executors, std::shared_ptr<Watcher> watcher)
    : executors_(executors), watcher_(std::move(watcher)) {}

Result<std::unique_ptr<FolderWatch>> FolderWatch::start(std::vector<fs::path> roots,
                                                        Executors& executors,
                                                        Changed changed) {
  auto watcher = std::make_shared<Watcher>(std::move(roots), executors, std::move(changed));
  std::promise<Result<void>> opened;
  post(executors.io(0), [&] {
    auto result = watcher->open();
    if (!result) {
      watcher->close();
    }
    opened.set_value(std::move(result));
  });
  AION_TRY_VOID(opened.get_future().get());
  return std::unique_ptr<FolderWatch>(new FolderWatch(executors, std::move(watcher)));
}

FolderWatch::~FolderWatch() {
  std::promise<void> closed;
  post(executors_.io(0), [&] {
    watcher_->close();
    closed.set_value();
  });
  closed.get_future().wait();
}

}  // namespace aion::catalog
