// The runs that a worker process has been given and has not ended.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/wait.h"
#include "catalog/model/model.h"
#include "runtime/backend/backend.h"
#include "runtime/backend/worker/channel.h"

namespace aion::runtime::worker {

/// One run, seen from the daemon. It ends once: by the worker's word, by cancellation, or with the
/// worker.
///
/// Thread safety: deliver() from one thread at a time; everything else from any.
class PendingRun {
 public:
  struct Expected {
    std::vector<tensor::DataType> outputs;  // position = Batch::outputs
    bool is_decoupled = false;
  };
  PendingRun(Expected expected, ResponseSink& sink) : expected_(std::move(expected)), sink_(sink) {}

  /// Sends the response on. Nothing happens after the end; Internal when it is none that the run
  /// can have.
  [[nodiscard]] Result<void> deliver(Response response);
  /// The first call decides. A response that is being sent on is finished before wait() ends.
  void end(Result<void> outcome);
  /// The worker says how it ended: a run that is not decoupled and ended well must have had its
  /// response.
  void end_as_told(Result<void> outcome);

  [[nodiscard]] Awaitable<void> wait() { return ended_.wait(); }
  /// Once wait() has ended.
  [[nodiscard]] Result<void> outcome() const { return *outcome_; }

 private:
  [[nodiscard]] Result<void> check(const Response& response) const;

  const Expected expected_;
  ResponseSink& sink_;
  Event ended_;
  std::size_t responses_ = 0;  // only the delivering thread
  std::mutex mutex_;           // guards all below; not held while the sink is called
  bool is_sending_ = false;
  std::optional<Result<void>> outcome_;
};

/// All runs of one worker process over its lives.
///
/// Thread safety: all methods may be called from any thread.
class RunTable {
 public:
  /// How to reach the worker, and the number under which it knows the run.
  struct Ticket {
    std::shared_ptr<Channel> channel;
    std::uint64_t id = 0;
  };

  explicit RunTable(Error why_down) : why_down_(std::move(why_down)) {}

  /// The worker has opened the version: runs may come.
  void open(std::shared_ptr<Channel> channel);
  /// The worker is gone: ends every run with the error, and refuses new ones with it.
  void close(const Error& why);

  [[nodiscard]] Result<Ticket> add(std::shared_ptr<PendingRun> run);
  void remove(std::uint64_t id);
  /// Null when it has ended.
  [[nodiscard]] std::shared_ptr<PendingRun> find(std::uint64_t id);
  /// Null while the worker is down.
  [[nodiscard]] std::shared_ptr<Channel> channel();

 private:
  std::mutex mutex_;
  std::shared_ptr<Channel> channel_;
  Error why_down_;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, std::shared_ptr<PendingRun>> runs_;
};

}  // namespace aion::runtime::worker
