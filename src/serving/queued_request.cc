#include "serving/queued_request.h"

#include "tensor/rows.h"

namespace aion::serving {

bool may_join(const QueuedRequest& first, const QueuedRequest& other) {
  if (first.rows == 0 || other.rows == 0 || first.batch.parameters != other.batch.parameters) {
    return false;
  }
  for (std::size_t i = 0; i < first.batch.inputs.size(); ++i) {
    const tensor::Tensor& a = first.batch.inputs[i];
    const tensor::Tensor& b = other.batch.inputs[i];
    if (a.is_present() != b.is_present() || (a.is_present() && !tensor::has_same_rows(a, b))) {
      return false;
    }
  }
  return true;
}

}  // namespace aion::serving
