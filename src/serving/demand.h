// Brings models into memory because somebody has asked for them.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/change_signal.h"
#include "base/executor.h"
#include "base/request_context.h"
#include "base/task.h"
#include "serving/model_use.h"
#include "serving/population.h"

namespace aion::serving {

/// Requests that want the same model wait for one load together. It goes on when they have hung up:
/// the next one wants the model, too. A model that did not load is not tried again for a while.
///
/// Thread safety: all methods may be called from any thread. Outlives its coroutines.
class Demand {
 public:
  struct Rules {
    std::size_t max_waiting = 4096;                  // requests for one model
    Duration wait_limit = std::chrono::seconds(30);  // that a request waits at most
  };
  using Load = std::function<Task<void>(std::string)>;

  /// `load` brings a model by this name into the table; its parts outlive the demand.
  Demand(Executors& executors, std::shared_ptr<Population> population, Rules rules, Load load);

  /// Ends when the model has been loaded. `use` may be null.
  ///
  /// fails   Unavailable   too many wait, or it is not believed to be there by the deadline; says
  ///                       when to try again
  ///         Cancelled     the request's own cancel has fired
  ///         and with the reason for which the model does not load
  [[nodiscard]] Task<void> bring(std::string model,
                                 std::shared_ptr<ModelUse> use,
                                 TimePoint deadline,
                                 CancelToken cancel);

  /// A model that is called at regular intervals has been evicted: brings it back in time.
  void expect(const std::string& model, const std::shared_ptr<ModelUse>& use);

  /// Nothing is brought any more, and nobody waits.
  void close();

 private:
  struct Pending;
  /// Why a model did not load, and until when nobody tries again.
  struct Failure {
    Error error;
    TimePoint until;
    Duration pause;
  };
  /// Through which timers come in, until it is closed.
  struct Gate {
    std::mutex mutex;
    Demand* demand = nullptr;
  };
  [[nodiscard]] Result<std::shared_ptr<Pending>> join(const std::string& model,
                                                      const ModelUse* use,
                                                      TimePoint deadline);
  [[nodiscard]] Awaitable<void> run(std::string model,
                                    std::shared_ptr<Pending> pending,
                                    Population::Change counted);
  [[nodiscard]] Awaitable<void> prefetch(std::string model,
                                         std::shared_ptr<ModelUse> use,
                                         Population::Change counted);
  void leave(const std::shared_ptr<Pending>& pending);

  Executors& executors_;
  std::shared_ptr<Population> population_;  // which counts what is under way here
  Rules rules_;
  Load load_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::mutex mutex_;  // guards what follows; never held over a suspension
  bool is_closed_ = false;
  std::map<std::string, std::shared_ptr<Pending>> pending_;
  std::map<std::string, Failure> failures_;
  std::map<std::string, std::shared_ptr<Timer>> expected_;
};

}  // namespace aion::serving
