// GreedyDual-Size with Frequency.
#include <algorithm>

#include "serving/eviction/eviction.h"

namespace aion::serving {

double gdsf_score(const ModelHistory& model) {
  constexpr double kMebi = 1U << 20U;
  const double seconds = std::chrono::duration<double>(model.reload).count();
  const double memory = std::max(static_cast<double>(model.memory.count) / kMebi, 1e-6);
  return model.age_at_use + model.requests * seconds / memory;
}

}  // namespace aion::serving
