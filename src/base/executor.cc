#include "base/executor.h"

#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/assert.h"
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

class AsioTimer final : public Timer {
 public:
  explicit AsioTimer(std::shared_ptr<asio::steady_timer> timer) : timer_(std::move(timer)) {}
  ~AsioTimer() override {
    // A steady_timer is not safe to touch from two threads: cancel on its own.
    asio::post(timer_->get_executor(), [timer = timer_] { timer->cancel(); });
    *alive_ = false;
  }
  AsioTimer(const AsioTimer&) = delete;
  AsioTimer& operator=(const AsioTimer&) = delete;
  std::shared_ptr<std::atomic<bool>> alive() { return alive_; }

 private:
  std::shared_ptr<asio::steady_timer> timer_;
  std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);
};

class SystemClock final : public Clock {
 public:
  explicit SystemClock(asio::io_context& context) : context_(context) {}

  [[nodiscard]] TimePoint now() const override { return std::chrono::steady_clock::now(); }

  [[nodiscard]] std::unique_ptr<Timer> at(TimePoint when, std::function<void()> fire) override {
    auto timer = std::make_shared<asio::steady_timer>(context_);
    auto handle = std::make_unique<AsioTimer>(timer);
    asio::post(context_, [timer, when, fire = std::move(fire), alive = handle->alive()]() mutable {
      timer->expires_at(when);
      timer->async_wait(
          [timer, fire = std::move(fire), alive = std::move(alive)](const auto& failed) {
            if (!failed && *alive) {
              fire();
            }
          });
    });
    return handle;
  }

 private:
  asio::io_context& context_;
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
      io.push_back(std::make_unique<asio::io_context>(1));
      io_work.emplace_back(io.back()->get_executor());
    }
    clock.emplace(*io.front());
    for (auto& context : io) {
      threads.emplace_back([&context = *context] { context.run(); });
    }
  }

  std::vector<std::unique_ptr<asio::io_context>> io;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> io_work;
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
  AION_ASSERT(index < state_->io.size());
  return state_->io[index]->get_executor();
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
  state_->io_work.clear();
  for (auto& context : state_->io) {
    context->stop();
  }
  for (auto& thread : state_->threads) {
    if (thread.joinable()) {
      thread.join();
    }
  }
}

}  // namespace aion
