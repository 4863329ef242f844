// A model version in service: its instance, its queue, and what is counted of it.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "catalog/model/model.h"
#include "runtime/backend/backend.h"
#include "serving/dispatcher.h"
#include "serving/statistics.h"

namespace aion::serving {

/// The lower quartile of what a run costs, followed without keeping samples: each one pulls the
/// estimate its way, thrice as far down as up (stochastic approximation, Robbins and Monro 1951).
/// What a model costs does not depend on who preempts it, and on a busy machine the median would
/// say so.
///
/// Thread safety: all methods may be called from any thread.
class RunCost {
 public:
  void observe(Duration run);
  /// Zero until enough runs have been seen to trust it.
  [[nodiscard]] Duration lower_quartile() const;

 private:
  static constexpr std::uint32_t kTrusted = 8;
  std::atomic<std::int64_t> ns_ = 0;
  std::atomic<std::uint32_t> seen_ = 0;
};

/// Requests hold it by shared_ptr to their end, so an unloaded version goes when its last request
/// has gone.
struct LoadedVersion {
  LoadedVersion(catalog::ModelVersion loaded,
                std::unique_ptr<runtime::Instance> opened,
                std::shared_ptr<Dispatcher::Queue> waiting)
      : version(std::move(loaded)), instance(std::move(opened)), queue(std::move(waiting)) {}

  catalog::ModelVersion version;
  std::unique_ptr<runtime::Instance> instance;
  std::shared_ptr<Dispatcher::Queue> queue;  // null = runs without a slot of the device
  Statistics statistics;
  std::atomic<std::int64_t> pending = 0;  // accepted, not yet running
  RunCost cost;
};

}  // namespace aion::serving
