#include "serving/memory_keeper.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include <unistd.h>

namespace aion::serving {

namespace {

constexpr std::chrono::seconds kPeriod{1};
constexpr std::uint64_t kTolerated = 64U << 20U;

/// Bytes of the process's own resident memory, without what files back (proc(5), statm: resident
/// and shared pages).
std::uint64_t private_bytes() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  std::uint64_t shared = 0;
  in >> size >> resident >> shared;
  return resident > shared ? (resident - shared) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))
                           : 0;
}

}  // namespace

struct MemoryKeeper::State : std::enable_shared_from_this<State> {
  State(Clock& time, Executor pool, const ModelTable& models, std::function<bool()> idle)
      : clock(time), blocking(std::move(pool)), table(models), is_idle(std::move(idle)) {}

  [[nodiscard]] std::function<void()> look_later() {
    return [self = weak_from_this()] {
      if (const auto state = self.lock()) {
        post(state->blocking, [state] { state->look(); });
      }
    };
  }

  void set_timer() {
    std::unique_ptr<Timer> fired;  // goes without the mutex, which its call may wait for
    const std::scoped_lock lock(mutex);
    if (!is_over) {
      fired = std::exchange(timer, clock.at(clock.now() + kPeriod, look_later()));
    }
  }

  void look() {
    const std::scoped_lock under_way(looking);
    {
      const std::scoped_lock lock(mutex);
      if (is_over) {
        return;
      }
    }
    std::vector<std::shared_ptr<LoadedVersion>> resting = note_runs();
    const std::uint64_t now = private_bytes();
    floor = std::min(floor, now);
    if (now > floor + kTolerated && !resting.empty()) {
      for (const auto& loaded : resting) {
        loaded->instance->shrink();
      }
      if (is_idle()) {  // else a run may hold what it will give back only then
        floor = private_bytes();
      }
    }
    resting.clear();
    set_timer();
  }

  /// Those that have run since they were last shrunk, but not within the last period.
  std::vector<std::shared_ptr<LoadedVersion>> note_runs() {
    std::vector<std::shared_ptr<LoadedVersion>> resting;
    std::map<const LoadedVersion*, Seen> now;
    const auto models = table.snapshot();
    for (const auto& [name, entry] : *models) {
      for (const auto& [number, version] : entry.versions) {
        if (!version.loaded) {
          continue;
        }
        const std::uint64_t runs = version.loaded->statistics.executions();
        Seen seen = runs_seen[version.loaded.get()];
        const bool is_resting = runs == seen.last && runs != seen.shrunk;
        seen.last = runs;
        if (is_resting) {
          resting.push_back(version.loaded);
          seen.shrunk = runs;
        }
        now[version.loaded.get()] = seen;
      }
    }
    runs_seen = std::move(now);
    return resting;
  }

  struct Seen {
    std::uint64_t last = 0;
    std::uint64_t shrunk = 0;
  };

  Clock& clock;
  Executor blocking;
  const ModelTable& table;
  std::function<bool()> is_idle;
  std::uint64_t floor =
      private_bytes();  // of a process at rest: the least seen, or what a shrink left
  std::map<const LoadedVersion*, Seen> runs_seen;
  std::mutex looking;  // held while the parts that outlive the keeper are used
  std::mutex mutex;    // guards the two below
  std::unique_ptr<Timer> timer;
  bool is_over = false;
};

MemoryKeeper::MemoryKeeper(Clock& clock,
                           Executor blocking,
                           const ModelTable& table,
                           std::function<bool()> is_idle)
    : state_(std::make_shared<State>(clock, std::move(blocking), table, std::move(is_idle))) {
  state_->set_timer();
}

MemoryKeeper::~MemoryKeeper() {
  std::unique_ptr<Timer> last;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->is_over = true;
    last = std::move(state_->timer);
  }
  last.reset();
  const std::scoped_lock until_looked(state_->looking);
}

}  // namespace aion::serving
