// The list of eviction policies, and whom one of them chooses.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serving/eviction/eviction.h"

namespace aion::serving {

struct EvictionPolicy {
  std::string_view name;
  EvictionScore score = nullptr;
};

/// All there are; the first is the default.
[[nodiscard]] std::span<const EvictionPolicy> eviction_policies();

/// InvalidArgument that lists the names when there is none of this name.
[[nodiscard]] Result<EvictionPolicy> find_eviction_policy(std::string_view name);

/// Positions of the models that go so that `needed` bytes come free: by ascending score, without
/// those that the others make unnecessary. Empty when all of them together are not enough.
///
/// A pure function.
[[nodiscard]] std::vector<std::size_t> choose_victims(std::span<const ModelHistory> models,
                                                      Bytes needed,
                                                      EvictionScore score);

}  // namespace aion::serving
