// Carries one request through its model: check, wait for the device, run, count.
#pragma once

#include <chrono>
#include <memory>

#include "base/clock.h"
#include "base/task.h"
#include "serving/digests.h"
#include "serving/dispatcher.h"
#include "serving/inference.h"
#include "serving/loaded_version.h"
#include "serving/traffic.h"

namespace aion::serving {

/// Thread safety: run() may be called from any thread.
class RequestRunner {
 public:
  struct Parts {  // outlive the runner
    Dispatcher& dispatcher;
    Clock& clock;
    Duration inline_below;  // see Config::inline_below
  };
  explicit RequestRunner(Parts parts) : parts_(parts) {}

  /// As ModelServer::infer() says.
  [[nodiscard]] Task<void> run(std::shared_ptr<LoadedVersion> loaded,
                               RequestContext context,
                               InferRequest request,
                               InferSink& sink);

  /// Whether no request is under way. A hint: it may be outdated when it is read.
  [[nodiscard]] bool is_idle() const { return traffic_.is_idle(); }

 private:
  struct Plan;
  [[nodiscard]] bool may_run_here(LoadedVersion& loaded, const Plan& plan) const;
  void set_place(const LoadedVersion& loaded, const InferRequest& request, Plan& plan) const;
  [[nodiscard]] Task<void> run_checked(const std::shared_ptr<LoadedVersion>& loaded,
                                       const RequestContext& context,
                                       Plan& plan,
                                       InferSink& sink);
  [[nodiscard]] Task<void> answer_from_cache(LoadedVersion& loaded, Plan& plan, InferSink& sink);
  [[nodiscard]] Task<void> take_turn(const std::shared_ptr<LoadedVersion>& loaded,
                                     Dispatcher::Turn turn,
                                     Plan& plan,
                                     InferSink& sink);
  [[nodiscard]] Task<void> execute(LoadedVersion& loaded,
                                   Plan& plan,
                                   InferSink& sink,
                                   Dispatcher::Slot* slot);
  [[nodiscard]] Task<void> answer(LoadedVersion& loaded, Plan& plan, InferSink& sink);
  [[nodiscard]] Awaitable<void> run_together(LoadedVersion& loaded,
                                             Dispatcher::Turn& turn,
                                             Plan& plan);

  Parts parts_;
  Traffic traffic_;
  Digests digests_;
};

}  // namespace aion::serving
