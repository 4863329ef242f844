// Gives models the memory that they need, and takes it from idle ones where there is too little.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/keyed_mutex.h"
#include "base/task.h"
#include "resource/ledger.h"
#include "serving/evictions.h"
#include "serving/model_table.h"

namespace aion::serving {

/// Where memory for a load may come from.
enum class Room : std::uint8_t {
  Free,  // what nobody holds
  Evict  // and what idle models hold
};

/// Loads are admitted one at a time, in the order in which they ask, so that a large one is not
/// overtaken for ever by small ones. A load that finds too little takes models out of the table: no
/// one that is pinned, in use, being loaded, or expected to be used sooner than it could come back.
/// Their memory counts as free when it is free, not before.
///
/// Thread safety: all methods may be called from any thread.
class Admission {
 public:
  /// Takes a model out of the table, to be loaded on demand; gives the leases of its versions.
  using Evict = std::function<std::vector<std::uint64_t>(const std::string& model)>;

  struct Parts {  // all outlive the admission
    Executors& executors;
    resource::Ledger& ledger;
    const ModelTable& table;
  };
  struct Rules {
    EvictionScore score = gdsf_score;
    Duration wait_limit = std::chrono::seconds(30);  // for models in use to become idle
  };
  Admission(Parts parts, Rules rules, Evict evict);

  /// One lease for each claim, or none.
  ///
  /// fails   ResourceExhausted  there is not so much, or not within the limit
  ///         Unavailable        the admission was closed
  ///         and as Ledger::take() does
  [[nodiscard]] Task<std::vector<resource::Lease>> admit(std::vector<resource::Claim> gang,
                                                         std::string model,
                                                         Room room);
  /// Nobody waits for memory any more.
  void close();

  [[nodiscard]] const std::shared_ptr<UseSignals>& signals() const { return signals_; }

 private:
  void make_room(Bytes wanted, const std::string& model);
  [[nodiscard]] bool evict_some(Bytes missing, const std::string& model, bool with_own);
  [[nodiscard]] std::uint64_t leaving_bytes();

  Parts parts_;
  Rules rules_;
  Evict evict_;
  std::shared_ptr<UseSignals> signals_ = std::make_shared<UseSignals>();
  KeyedMutex turn_;
  std::atomic<bool> is_closed_ = false;
  std::set<std::uint64_t> leaving_;  // leases of evicted versions; touched by whose turn it is
};

}  // namespace aion::serving
