// One inference as `serving` takes and gives it, free of any protocol.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/request_context.h"
#include "runtime/backend/backend.h"
#include "tensor/tensor.h"

namespace aion::serving {

struct NamedTensor {
  std::string name;
  tensor::Tensor tensor;
};

/// What a client asks. The protocol has decoded it; serving checks it against the model.
struct InferRequest {
  std::string model;
  std::int64_t version = 0;  // 0 = the highest that is ready
  std::string id;            // the client's own; empty = none. Only for error messages here
  std::vector<NamedTensor> inputs;
  std::vector<std::string> outputs;              // wanted, in this order; empty = all
  std::map<std::string, std::uint64_t> classes;  // outputs of which the best n are wanted as text
  std::uint64_t priority = 0;  // 1 is the most urgent; 0 = as the model's configuration says
  std::chrono::microseconds timeout{0};  // in the queue, where the model allows it; 0 = none
  Duration deadline{0};                  // from its arrival; 0 = as the model's configuration says
  std::optional<Criticality> criticality;  // nothing = as the model's configuration says
  runtime::Parameters parameters;
};

/// One answer.
struct InferResponse {
  std::int64_t version = 0;  // the version that answered
  std::vector<NamedTensor> outputs;
  runtime::Parameters parameters;
};

/// Takes the answers to one request, in order, from one thread at a time, while infer() is under
/// way.
class InferSink {
 public:
  virtual ~InferSink() = default;
  virtual void send(InferResponse response) = 0;
};

}  // namespace aion::serving
