#include "base/spawn.h"

#include <atomic>
#include <cstddef>
#include <exception>

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/assert.h"

namespace aion {

namespace asio = boost::asio;

namespace {

/// Our own code throws nothing; a library's exception that comes this far is a bug.
void expect_no_exception(const std::exception_ptr& escaped) {
  AION_ASSERT(escaped == nullptr);
}

struct Group {
  std::atomic<std::size_t> left;
  std::function<void()> ended;
};

Awaitable<void> member(Awaitable<void> work, std::shared_ptr<Group> group) {
  co_await std::move(work);
  if (group->left.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    group->ended();
  }
}

}  // namespace

void spawn(Executor executor, Awaitable<void> work) {
  asio::co_spawn(std::move(executor), std::move(work), expect_no_exception);
}

Awaitable<Executor> spawn_executor() {
  co_return co_await asio::this_coro::executor;
}

void Resume::operator()(const Executor& executor) const {
  asio::post(executor, [go = go_] { (*go)(); });
}

Awaitable<void> suspend(std::function<void(Resume)> start) {
  const auto initiate = [&start](auto handler) {
    auto held = std::make_shared<decltype(handler)>(std::move(handler));
    auto go = std::make_shared<std::function<void()>>([held] { std::move (*held)(); });
    // The frame that owns `start` may be gone as soon as the coroutine is continued from inside the
    // call.
    const auto begin = std::move(start);
    begin(Resume(std::move(go)));
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(initiate,
                                                                        asio::use_awaitable);
}

Awaitable<void> all(Executor executor, std::vector<Awaitable<void>> work) {
  if (work.empty()) {
    co_return;
  }
  auto group = std::make_shared<Group>();
  group->left = work.size();
  co_await suspend([&](const Resume& resume) {
    group->ended = [resume, executor] {
      resume(executor);
    };
    for (Awaitable<void>& one : work) {
      spawn(executor, member(std::move(one), group));
    }
  });
}

}  // namespace aion
