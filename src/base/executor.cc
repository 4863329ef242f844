#include "base/executor.h"

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/assert.h"
#include "base/event_loop.h"
#include "base/warm_pool.h"

namespace aion {

namespace asio = boost::asio;

namespace {

/// An Asio executor (P0443 "execution::executor") whose execute() calls the function at once.
class InlineExecutor {
 public:
  bool operator==(const InlineExecutor&) const noexcept = default;

  template <class Function>
  void execute(Function function) const {
    std::move(function)();
  }

  static asio::execution_context& query(asio::execution::context_t /*property*/) {
    static asio::io_context context;  // any_io_executor asks for a context; nothing runs on it
    return context;
  }
  static constexpr asio::execution::blocking_t query(asio::execution::blocking_t /*property*/) {
    return asio::execution::blocking_t::possibly;
  }
  // `never` is asked of a post(): it is granted although the call is inline, as the class says.
  [[nodiscard]] InlineExecutor require(asio::execution::blocking_t::never_t /*property*/) const {
    return *this;
  }
  [[nodiscard]] InlineExecutor require(asio::execution::blocking_t::possibly_t /*property*/) const {
    return *this;
  }
};

class SystemClock final : public Clock {
 public:
  explicit SystemClock(EventLoop& loop) : loop_(loop) {}

  [[nodiscard]] TimePoint now() const override { return std::chrono::steady_clock::now(); }

  [[nodiscard]] std::unique_ptr<Timer> at(TimePoint when, std::function<void()> fire) override {
    EventLoop* own = EventLoop::current();
    return (own != nullptr ? *own : loop_).at(when, std::move(fire));
  }

 private:
  EventLoop& loop_;  // for those that run on no loop
};

}  // namespace

Executor inline_executor() {
  return InlineExecutor{};
}

void post(const Executor& executor, std::function<void()> action) {
  asio::post(executor, std::move(action));
}

Awaitable<void> on(Executor executor) {
  co_await asio::dispatch(asio::bind_executor(std::move(executor), asio::use_awaitable));
}

struct Executors::State {
  explicit State(ExecutorSizes sizes)
      : compute_threads(sizes.compute), compute(sizes.compute), blocking(sizes.blocking) {
    AION_ASSERT(sizes.io > 0 && sizes.compute > 0 && sizes.blocking > 0);
    for (std::size_t i = 0; i < sizes.io; ++i) {
      io.push_back(std::make_unique<EventLoop>());
    }
    clock.emplace(*io.front());
    for (const auto& loop : io) {
      threads.emplace_back([&loop = *loop] { loop.run(); });
    }
  }

  std::vector<std::unique_ptr<EventLoop>> io;
  std::size_t compute_threads;
  WarmPool compute;
  asio::thread_pool blocking;
  std::optional<SystemClock> clock;
  std::vector<std::jthread> threads;
};

Executors::Executors(ExecutorSizes sizes) : state_(std::make_unique<State>(sizes)) {}

Executors::~Executors() {
  join();
}

std::size_t Executors::io_count() const {
  return state_->io.size();
}

std::size_t Executors::compute_count() const {
  return state_->compute_threads;
}

Executor Executors::io(std::size_t index) const {
  return loop(index).executor();
}

EventLoop& Executors::loop(std::size_t index) const {
  AION_ASSERT(index < state_->io.size());
  return *state_->io[index];
}

Executor Executors::compute() const {
  return state_->compute.executor();
}

Executor Executors::blocking() const {
  return state_->blocking.get_executor();
}

Clock& Executors::clock() {
  return *state_->clock;
}

void Executors::join() {
  state_->compute.stop();
  state_->blocking.stop();
  state_->compute.join();
  state_->blocking.join();
  for (const auto& loop : state_->io) {
    loop->stop();
  }
  for (auto& thread : state_->threads) {
    if (thread.joinable()) {
      thread.join();
    }
  }
  // While all loops live: what one drops may post to another.
  bool has_dropped = true;
  while (has_dropped) {
    has_dropped = false;
    for (const auto& loop : state_->io) {
      has_dropped = loop->drop() || has_dropped;
    }
  }
}

}  // namespace aion
