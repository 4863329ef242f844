#include "serving/population.h"

#include <optional>
#include <utility>

#include "base/spawn.h"

namespace aion::serving {

struct Population::Waiting {
  std::optional<Resume> resume;
  bool is_extinct = false;
  bool is_late = false;  // the deadline passed, perhaps before the wait began
};

Population::Change::Change(std::shared_ptr<Population> population)
    : population_(std::move(population)) {
  population_->alive_.fetch_add(1, std::memory_order_relaxed);
}

Population::Change::~Change() {
  if (population_) {
    population_->leave();
  }
}

void Population::born() {
  alive_.fetch_add(1, std::memory_order_relaxed);
  held_.fetch_add(1, std::memory_order_relaxed);
}

void Population::let_go() {
  held_.fetch_sub(1, std::memory_order_acq_rel);
}

void Population::died() {
  leave();
}

void Population::leave() {
  serial_.run([this] {
    if (alive_.fetch_sub(1, std::memory_order_acq_rel) == 1 && waiting_) {
      waiting_->is_extinct = true;
      (*std::exchange(waiting_, nullptr)->resume)(inline_executor());
    }
  });
}

Awaitable<bool> Population::extinct(Clock& clock, TimePoint deadline, Executor executor) {
  auto waiting = std::make_shared<Waiting>();
  std::unique_ptr<Timer> timer;
  co_await suspend([&](const Resume& resume) {
    const auto self = shared_from_this();  // the serial is still in use when the waiter goes on
    waiting->resume = Resume(resume);
    timer = clock.at(deadline, [this, self, waiting] {
      const auto held = self;
      serial_.run([this, waiting] {
        waiting->is_late = true;
        if (waiting_ == waiting) {
          waiting_ = nullptr;
          (*waiting->resume)(inline_executor());
        }
      });
    });
    serial_.run([this, waiting] {
      waiting->is_extinct = alive_.load(std::memory_order_acquire) == 0;
      if (waiting->is_extinct || waiting->is_late) {
        (*waiting->resume)(inline_executor());
      } else {
        waiting_ = waiting;
      }
    });
  });
  co_await on(std::move(executor));
  co_return waiting->is_extinct;
}

}  // namespace aion::serving
