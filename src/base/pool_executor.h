// The Asio executor of our own pools.
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

namespace aion {

/// A function that waits for its thread.
struct Work {
  virtual ~Work() = default;
  virtual void run() = 0;
};

/// An Asio executor (P0443 "execution::executor"); copies refer to the same pool, which must live
/// longer. A Pool has `void submit(std::unique_ptr<Work>)`, `bool is_this_thread() const` and
/// `boost::asio::execution_context& context()`.
template <class Pool>
class PoolExecutor {
 public:
  explicit PoolExecutor(Pool& pool) : pool_(&pool) {}

  bool operator==(const PoolExecutor&) const noexcept = default;

  template <class Function>
  void execute(Function function) const {
    if (may_run_here_ && pool_->is_this_thread()) {
      std::move(function)();
    } else {
      pool_->submit(std::make_unique<WorkOf<Function>>(std::move(function)));
    }
  }

  [[nodiscard]] boost::asio::execution_context& query(
      boost::asio::execution::context_t /*property*/) const {
    return pool_->context();
  }
  [[nodiscard]] boost::asio::execution::blocking_t query(
      boost::asio::execution::blocking_t /*property*/) const {
    using Blocking = boost::asio::execution::blocking_t;
    return may_run_here_ ? Blocking(Blocking::possibly) : Blocking(Blocking::never);
  }
  [[nodiscard]] PoolExecutor require(
      boost::asio::execution::blocking_t::never_t /*property*/) const {
    return PoolExecutor(*pool_, false);
  }
  [[nodiscard]] PoolExecutor require(
      boost::asio::execution::blocking_t::possibly_t /*property*/) const {
    return PoolExecutor(*pool_, true);
  }

 private:
  template <class Function>
  struct WorkOf final : Work {
    explicit WorkOf(Function given) : function(std::move(given)) {}
    void run() override { std::move(function)(); }
    Function function;
  };

  PoolExecutor(Pool& pool, bool may_run_here) : pool_(&pool), may_run_here_(may_run_here) {}

  Pool* pool_;
  bool may_run_here_ = true;
};

}  // namespace aion
