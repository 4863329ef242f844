// The policies by name.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "sched/policy/policy.h"

namespace aion::sched {

struct NamedPolicy {
  std::string_view name;
  std::string_view meaning;
  Policy policy;
};

/// All of them, the default first.
[[nodiscard]] std::span<const NamedPolicy> policies();

/// The policy of that name, or InvalidArgument that lists the names there are.
[[nodiscard]] Result<Policy> find_policy(std::string_view name);

}  // namespace aion::sched
