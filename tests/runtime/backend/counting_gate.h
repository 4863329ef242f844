// A gate that lets every run through and counts.
#pragma once

#include <functional>

#include "runtime/backend/backend.h"

namespace aion::runtime {

struct CountingGate final : StepGate {
  [[nodiscard]] Awaitable<void> between_steps() override {
    ++passed;
    if (during) {
      during();
    }
    co_return;
  }

  std::size_t passed = 0;
  std::function<void()> during;
};

}  // namespace aion::runtime
