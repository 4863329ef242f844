// Lets responses leave in the order in which their requests were taken from the queue.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "base/executor.h"
#include "base/serial.h"
#include "base/spawn.h"
#include "base/task.h"

namespace aion::serving {

/// Tickets are 0, 1, 2, ...; each has one Place, made by the time its turn is waited for and
/// destroyed when its response has left.
///
/// Thread safety: all methods may be called from any thread.
class ResponseOrder : public std::enable_shared_from_this<ResponseOrder> {
 public:
  class Place {
   public:
    Place(std::shared_ptr<ResponseOrder> order, std::uint64_t ticket)
        : order_(std::move(order)), ticket_(ticket) {}
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// Ends on `executor`, which is not the inline one, when all smaller tickets are done.
    [[nodiscard]] Awaitable<void> turn(Executor executor);

   private:
    std::shared_ptr<ResponseOrder> order_;
    std::uint64_t ticket_;
  };

 private:
  struct Waiting {
    Resume resume;
    Executor executor;
  };
  void wait(std::uint64_t ticket, const Waiting& waiting);
  void done(std::uint64_t ticket);

  Serial serial_;  // guards all below; whoever uses it holds the order
  std::uint64_t next_ = 0;
  std::set<std::uint64_t> done_;  // before their turn: they failed
  std::map<std::uint64_t, Waiting> waiting_;
};

}  // namespace aion::serving
