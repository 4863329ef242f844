// Least recently used.
#include "serving/eviction/eviction.h"

namespace aion::serving {

double lru_score(const ModelHistory& model) {
  return std::chrono::duration<double>(model.last_used.time_since_epoch()).count();
}

}  // namespace aion::serving
