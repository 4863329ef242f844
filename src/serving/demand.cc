#include "serving/demand.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/spawn.h"

namespace aion::serving {

namespace {

using std::chrono::milliseconds;

// A model that does not load costs a core for as long as a load takes.
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(60);
constexpr std::size_t kMostFailures = 1024;

// Beside the load itself: the timer, the queue of the executor.
constexpr Duration kPrefetchMargin = milliseconds(20);

Error not_in_time(const std::string& model, const std::string& why, Duration after) {
  Error error{Code::Unavailable, "model '" + model + "' is not in memory, and " + why};
  error.retry_after = std::max(std::chrono::duration_cast<milliseconds>(after), milliseconds(1));
  return error;
}

std::string in_ms(Duration time) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(time).count()) + " ms";
}

}  // namespace

/// One load that requests wait for.
struct Demand::Pending {
  ChangeSignal changed;
  Duration expected{0};  // that the load takes; 0 = nobody knows
  std::size_t waiting = 0;
  bool has_ended = false;
  std::optional<Error> failure;
};

Demand::Demand(Executors& executors, std::shared_ptr<Population> population, Rules rules, Load load)
    : executors_(executors),
      population_(std::move(population)),
      rules_(rules),
      load_(std::move(load)) {
  gate_->demand = this;
}

/// Under the mutex.
Result<std::shared_ptr<Demand::Pending>> Demand::join(const std::string& model,
                                                      const ModelUse* use,
                                                      TimePoint deadline) {
  const TimePoint now = executors_.clock().now();
  if (is_closed_) {
    return Error{Code::Unavailable, "Server not ready"};
  }
  if (const auto failed = failures_.find(model);
      failed != failures_.end() && now < failed->second.until) {
    Error error = failed->second.error;
    error.retry_after = std::chrono::ceil<milliseconds>(failed->second.until - now);
    return error;
  }
  // Loads go side by side but share the machine: those before it count whole.
  const Duration own = use != nullptr ? use->reload() : Duration{0};
  Duration expected = own;
  for (const auto& [name, pending] : pending_) {
    expected += name == model ? Duration{0} : pending->expected;
  }
  if (deadline != kNever && deadline < now + expected) {
    return not_in_time(model, "loading it is expected to take " + in_ms(expected), expected);
  }
  std::shared_ptr<Pending>& pending = pending_[model];
  if (pending && pending->waiting >= rules_.max_waiting) {
    return not_in_time(
        model, std::to_string(pending->waiting) + " requests wait for it already", expected);
  }
  if (!pending) {
    pending = std::make_shared<Pending>();
    pending->expected = own;
    spawn(executors_.blocking(), run(model, pending, Population::Change(population_)));
  }
  ++pending->waiting;
  return pending;
}

void Demand::leave(const std::shared_ptr<Pending>& pending) {
  const std::scoped_lock lock(mutex_);
  --pending->waiting;
}

Task<void> Demand::bring(std::string model,
                         std::shared_ptr<ModelUse> use,
                         TimePoint deadline,
                         CancelToken cancel) {
  Result<std::shared_ptr<Pending>> joined = std::shared_ptr<Pending>();
  {
    const std::scoped_lock lock(mutex_);
    joined = join(model, use.get(), deadline);
  }
  if (!joined) {
    co_return std::move(joined).error();
  }
  const std::shared_ptr<Pending> pending = *joined;
  Clock& clock = executors_.clock();
  const TimePoint until = std::min(deadline, clock.now() + rules_.wait_limit);
  for (;;) {
    const std::uint64_t seen = pending->changed.count();
    {
      const std::scoped_lock lock(mutex_);
      if (pending->has_ended || is_closed_ || cancel.is_cancelled() || clock.now() >= until) {
        break;
      }
    }
    co_await pending->changed.wait(seen, clock, until, cancel);
  }
  leave(pending);
  const std::scoped_lock lock(mutex_);
  if (pending->has_ended) {
    co_return pending->failure ? Result<void>(*pending->failure) : Result<void>();
  }
  if (cancel.is_cancelled()) {
    co_return Error{Code::Cancelled, "the request was cancelled"};
  }
  co_return is_closed_ ? Error{Code::Unavailable, "Server not ready"}
                       : not_in_time(model, "its load has not ended in time", pending->expected);
}

Awaitable<void> Demand::run(std::string model,
                            std::shared_ptr<Pending> pending,
                            Population::Change counted) {
  const Population::Change until_done(std::move(counted));
  co_await on(executors_.blocking());  // whoever started this holds the mutex
  const Result<void> loaded = co_await load_(model);
  {
    const std::scoped_lock lock(mutex_);
    pending->has_ended = true;
    pending_.erase(model);
    if (loaded) {
      failures_.erase(model);
    } else {
      pending->failure = loaded.error();
      const auto before = failures_.find(model);
      const Duration pause = before == failures_.end()
                                 ? kFirstPause
                                 : std::min(before->second.pause * 2, kLongestPause);
      if (before == failures_.end() && failures_.size() >= kMostFailures) {
        failures_.clear();
      }
      Failure failure{loaded.error(), executors_.clock().now() + pause, pause};
      failures_.insert_or_assign(model, std::move(failure));
    }
  }
  pending->changed.notify();
}

void Demand::expect(const std::string& model, const std::shared_ptr<ModelUse>& use) {
  Clock& clock = executors_.clock();
  const auto next = use->next_request(clock.now());
  if (!next) {
    return;
  }
  const TimePoint when = *next - use->reload() - use->reload() / 4 - kPrefetchMargin;
  std::shared_ptr<Timer> timer = clock.at(when, [gate = gate_, model, use] {
    const std::scoped_lock lock(gate->mutex);
    if (Demand* const self = gate->demand) {
      spawn(self->executors_.blocking(),
            self->prefetch(model, use, Population::Change(self->population_)));
    }
  });
  const std::scoped_lock lock(mutex_);
  if (!is_closed_) {
    expected_[model].swap(timer);  // the one before goes after the mutex
  }
}

Awaitable<void> Demand::prefetch(std::string model,
                                 std::shared_ptr<ModelUse> use,
                                 Population::Change counted) {
  const Population::Change until_done(std::move(counted));
  co_await on(executors_.blocking());
  const ModelUse::Hold hold(use);
  // Why it does not come back is told to the next request.
  [[maybe_unused]] const auto brought =
      co_await bring(std::move(model), use, kNever, CancelToken());
}

void Demand::close() {
  {
    const std::scoped_lock lock(gate_->mutex);
    gate_->demand = nullptr;
  }
  std::map<std::string, std::shared_ptr<Timer>> timers;
  std::map<std::string, std::shared_ptr<Pending>> pending;
  {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
    timers.swap(expected_);
    pending = pending_;
  }
  for (const auto& [name, one] : pending) {
    one->changed.notify();
  }
}

}  // namespace aion::serving
