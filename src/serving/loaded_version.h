// A model version in service: its instance, its queue, and what is counted of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "catalog/model/model.h"
#include "runtime/backend/backend.h"
#include "serving/batch_limit.h"
#include "serving/dispatcher.h"
#include "serving/model_use.h"
#include "serving/response_cache.h"
#include "serving/response_order.h"
#include "serving/run_cost.h"
#include "serving/statistics.h"

namespace aion::serving {

/// Requests hold it by shared_ptr to their end, so an unloaded version goes when its last request
/// has gone.
struct LoadedVersion {
  LoadedVersion(catalog::ModelVersion loaded,
                std::unique_ptr<runtime::Instance> opened,
                std::shared_ptr<Dispatcher::Queue> waiting,
                std::shared_ptr<Statistics> kept = std::make_shared<Statistics>())
      : version(std::move(loaded)),
        instance(std::move(opened)),
        queue(std::move(waiting)),
        counted(std::move(kept)),
        statistics(*counted) {}

  /// How many rows its queue joins; null without a queue.
  [[nodiscard]] BatchLimit* batch_limit() const { return queue ? queue->batch_limit() : nullptr; }

  catalog::ModelVersion version;
  std::unique_ptr<runtime::Instance> instance;
  std::shared_ptr<Dispatcher::Queue> queue;  // null = runs without a slot of the device
  std::shared_ptr<Statistics> counted;       // outlives an eviction
  Statistics& statistics;                    // the same
  RunCosts costs;                            // of requests with one row
  std::shared_ptr<ResponseCache> cache;      // null = its answers are not kept
  std::uint64_t cache_owner = 0;             // its own in the cache
  std::shared_ptr<ResponseOrder> order = std::make_shared<ResponseOrder>();  // where it is kept
  catalog::ModelVersion source;   // as the repository gave it: `version` before it was completed
  std::shared_ptr<ModelUse> use;  // of its model; null where nobody counts
  std::uint64_t lease = 0;        // in the ledger
  Duration took{0};               // to load it
  std::atomic<std::uint64_t> memory = 0;  // bytes of the lease
  CancelSource retired;  // cancelled when it goes out of service: nobody needs what it learns
};

}  // namespace aion::serving
