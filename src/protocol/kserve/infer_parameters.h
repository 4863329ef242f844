// Reads the 'parameters' objects of an infer request.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_dom.h"
#include "base/result.h"
#include "serving/inference.h"

namespace aion::kserve {

/// Which outputs the client wants behind the JSON, as bytes.
struct OutputFormat {
  bool is_binary = false;               // of outputs that do not say it themselves
  std::vector<std::string> exceptions;  // names of outputs for which it is the other way round

  [[nodiscard]] bool wants_binary(std::string_view output) const;
};

/// Parameters of the whole request.
struct RequestParameters {
  runtime::Parameters custom;  // passed on to the backend
  bool is_binary_output = false;
  std::uint64_t priority = 0;            // 1 is the most urgent; 0 = as the model says
  std::chrono::microseconds timeout{0};  // in the queue; 0 = none
  Duration deadline{0};                  // from the arrival; 0 = as the model says
  std::optional<Criticality> criticality;
};

/// Where the data of an input lies.
struct InputParameters {
  std::optional<std::uint64_t> binary_data_size;
  bool has_shared_memory_region = false;
};

/// What an output asks for.
struct OutputParameters {
  std::optional<bool> binary_data;
  std::uint64_t classes = 0;  // so many of the best in the place of the output; 0 = itself
};

/// A client's timeout; what no clock holds is as long as it holds.
[[nodiscard]] std::chrono::microseconds timeout_of(std::uint64_t microseconds);

// Each fails with InvalidArgument that names the parameter, what was expected and what came, or
// with Unimplemented for a parameter whose effect is not served. `field` is the path of the object,
// e.g. "inputs[1].parameters".
[[nodiscard]] Result<RequestParameters> request_parameters(JsonElement parameters);
[[nodiscard]] Result<InputParameters> input_parameters(JsonElement parameters,
                                                       std::string_view field);
[[nodiscard]] Result<OutputParameters> output_parameters(JsonElement parameters,
                                                         std::string_view field);

}  // namespace aion::kserve
