// Lets responses leave in the order in which their requests were taken from the queue.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "base/executor.h"
#include "base/serial.h"
#include "base/spawn.h"
#include "base/task.h"

namespace aion::serving {

/// Tickets are 0, 1, 2, ...; each has one Place, made by the time its turn is waited for and
/// destroyed when its response has left.
///
/// Thread safety: all methods may be called from any thread. Outlives its places.
class ResponseOrder {
 public:
  class Place {
   public:
    Place(ResponseOrder& order, std::uint64_t ticket) : order_(&order), ticket_(ticket) {}
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// Ends when all smaller tickets are done; on the executor that the coroutine was spawned on if
    /// it had to wait.
    [[nodiscard]] Awaitable<void> turn();

   private:
    ResponseOrder* order_;
    std::uint64_t ticket_;
  };

 private:
  struct Waiting {
    Resume resume;
    Executor home;
  };
  void done(std::uint64_t ticket);

  Serial serial_;  // guards all below
  std::uint64_t next_ = 0;
  std::set<std::uint64_t> done_;  // before their turn: they failed
  std::map<std::uint64_t, Waiting> waiting_;
};

}  // namespace aion::serving
