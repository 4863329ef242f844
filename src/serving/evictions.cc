#include "serving/evictions.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

namespace aion::serving {

namespace {

constexpr std::array<EvictionPolicy, 2> kPolicies = {{{"gdsf", gdsf_score}, {"lru", lru_score}}};

}  // namespace

std::span<const EvictionPolicy> eviction_policies() {
  return kPolicies;
}

Result<EvictionPolicy> find_eviction_policy(std::string_view name) {
  std::string known;
  for (const EvictionPolicy& policy : kPolicies) {
    if (policy.name == name) {
      return policy;
    }
    known.append(known.empty() ? "" : ", ").append(policy.name);
  }
  return Error{Code::InvalidArgument,
               "expected one of " + known + ", got '" + std::string(name) + "'"};
}

std::vector<std::size_t> choose_victims(std::span<const ModelHistory> models,
                                        Bytes needed,
                                        EvictionScore score) {
  std::vector<double> scores(models.size());
  std::ranges::transform(models, scores.begin(), score);
  std::vector<std::size_t> order(models.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return scores[i]; });
  std::vector<std::size_t> victims;
  std::uint64_t freed = 0;
  for (const std::size_t i : order) {
    if (freed >= needed.count) {
      break;
    }
    victims.push_back(i);
    freed += models[i].memory.count;
  }
  if (freed < needed.count) {
    return {};
  }
  // From the one that is missed the most: a large one at the end may have made smaller ones
  // unnecessary.
  for (std::size_t left = victims.size(); left > 0; --left) {
    const std::uint64_t memory = models[victims[left - 1]].memory.count;
    if (freed - memory >= needed.count) {
      freed -= memory;
      victims.erase(victims.begin() + static_cast<std::ptrdiff_t>(left - 1));
    }
  }
  return victims;
}

}  // namespace aion::serving
