// What the daemon's side of one worker process's life does: listen, answer, notice the end.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "catalog/model/model.h"
#include "runtime/backend/worker.h"
#include "runtime/backend/worker/channel.h"
#include "runtime/backend/worker/process.h"
#include "runtime/backend/worker/run_table.h"
#include "runtime/backend/worker/wire.h"

namespace aion::runtime::worker {

/// Asks a thread that waits in poll() to look around, or to stop.
///
/// Thread safety: all methods may be called from any thread.
class StopSignal {
 public:
  [[nodiscard]] static Result<std::shared_ptr<StopSignal>> create();
  explicit StopSignal(Descriptor bell) : bell_(std::move(bell)) {}

  void stop() {
    is_set_.store(true);
    wake();
  }
  void wake() const { ring_bell(bell_.get()); }
  [[nodiscard]] bool is_set() const { return is_set_.load(); }
  [[nodiscard]] int bell() const { return bell_.get(); }

 private:
  Descriptor bell_;
  std::atomic<bool> is_set_ = false;
};

/// How a process came to its end, and in whose words.
struct Ending {
  enum class Cause : std::uint8_t { Stopped, NotStarted, Refused, Died, Silent, Spoilt };
  Cause cause = Cause::Stopped;
  Error why{Code::Unavailable, {}};
};

/// One process and the channel to it. Everything happens on the thread that made it.
class Conversation {
 public:
  struct Party {
    const Opening& opening;
    const WorkerOptions& options;
    RunTable& runs;
    const std::shared_ptr<StopSignal>& stop;
    /// The process has opened the version; an error ends it.
    std::function<Result<void>(catalog::Signature, const std::shared_ptr<Channel>&)> opened;
  };

  /// Starts the process and greets it.
  [[nodiscard]] static Result<std::unique_ptr<Conversation>> start(Party party);

  /// Listens until the process has ended or must be ended; it has been waited for then.
  [[nodiscard]] Ending listen();

 private:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;
  enum class Stage : std::uint8_t { Started, Greeted, Open, Stopping };

  Conversation(Party party, std::shared_ptr<Channel> channel, Process process)
      : party_(std::move(party)), channel_(std::move(channel)), process_(std::move(process)) {}

  [[nodiscard]] Result<void> greet();
  [[nodiscard]] Result<void> take(Message message);
  [[nodiscard]] Result<void> take_hello(const Message& message);
  [[nodiscard]] Result<void> take_response(Message message);
  [[nodiscard]] Result<void> take_done(const Message& message);
  [[nodiscard]] Result<void> exchange();
  void ask_to_stop();
  [[nodiscard]] bool has_hung_up();
  [[nodiscard]] bool is_overdue() const;
  [[nodiscard]] Ending end(Ending::Cause cause, Error why);
  [[nodiscard]] Ending ended_by_itself();

  Party party_;
  std::shared_ptr<Channel> channel_;
  Process process_;
  Stage stage_ = Stage::Started;
  Deadline deadline_;
  std::optional<Error> refusal_;
};

}  // namespace aion::runtime::worker
