// Keeps one worker process alive: starts it, opens the version in it, listens to it, and starts it
// again after its death.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/model/model.h"
#include "resource/lease/lease.h"
#include "runtime/backend/worker.h"
#include "runtime/backend/worker/conversation.h"
#include "runtime/backend/worker/run_table.h"

namespace aion::runtime::worker {

/// Owns the thread that everything above happens on, and the lease.
///
/// Thread safety: all methods may be called from any thread; start() once, stop() once after it.
class Supervisor : public std::enable_shared_from_this<Supervisor> {
 public:
  /// Fails when there is no descriptor left for the signal that stops it.
  [[nodiscard]] static Result<std::shared_ptr<Supervisor>> create(catalog::ModelVersion version,
                                                                  resource::Lease lease,
                                                                  Clock& clock,
                                                                  const WorkerOptions& options);

  /// Waits until the first process has opened the version, or has not; in that case there is no
  /// second.
  [[nodiscard]] Result<catalog::Signature> start();

  /// Ends the process, in order if it can, and waits for that. On the supervisor's own thread (a
  /// run that went on inline there was the last user) it only asks, and the thread does the rest
  /// before it ends.
  void stop();

  [[nodiscard]] RunTable& runs() { return runs_; }
  [[nodiscard]] const catalog::ModelVersion& version() const { return opening_.version; }

 private:
  Supervisor(Opening opening, resource::Lease lease, Clock& clock, const WorkerOptions& options);

  void supervise();
  /// One process from its start to its end.
  [[nodiscard]] Ending live();
  [[nodiscard]] Error tell(const Ending& ending) const;
  void wait_before_restart();
  [[nodiscard]] Result<void> opened(catalog::Signature signature,
                                    const std::shared_ptr<Channel>& channel);

  const Opening opening_;
  resource::Lease lease_;
  Clock& clock_;
  const WorkerOptions options_;
  RunTable runs_;
  std::shared_ptr<StopSignal> stop_;
  std::promise<Result<catalog::Signature>> first_opening_;
  std::thread thread_;

  // Only on the thread:
  std::optional<catalog::Signature> signature_;  // once it has been open
  TimePoint opened_at_ = kNever;                 // of the present life; kNever = not yet
  Duration restart_delay_;
};

}  // namespace aion::runtime::worker
