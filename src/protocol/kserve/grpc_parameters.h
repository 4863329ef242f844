// Reads the parameters of a gRPC infer request.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <protocol/kserve/infer.pb.h>

#include "base/result.h"
#include "serving/inference.h"

namespace aion::kserve {

/// The parameters of a gRPC message, by name.
using GrpcParameters = google::protobuf::Map<std::string, inference::InferParameter>;

/// Parameters of the whole request.
struct GrpcRequestParameters {
  runtime::Parameters custom;            // passed on to the backend
  bool wants_empty_final = false;        // triton_enable_empty_final_response
  std::uint64_t priority = 0;            // 1 is the most urgent; 0 = as the model says
  std::chrono::microseconds timeout{0};  // in the queue; 0 = none
  Duration deadline{0};                  // from the arrival; 0 = as the model says
  std::optional<Criticality> criticality;
};

// Each fails with InvalidArgument that names the parameter, or with Unimplemented for one whose
// effect is not served.
[[nodiscard]] Result<GrpcRequestParameters> read_request_parameters(
    const GrpcParameters& parameters);
[[nodiscard]] Result<void> check_input_parameters(const GrpcParameters& parameters,
                                                  std::string_view input);
/// How many of the output's best classes are wanted in its place; 0 = itself.
[[nodiscard]] Result<std::uint64_t> read_output_parameters(const GrpcParameters& parameters,
                                                           std::string_view output);

/// The same kinds on the way out.
void add_parameters(const runtime::Parameters& parameters, GrpcParameters& out);

}  // namespace aion::kserve
