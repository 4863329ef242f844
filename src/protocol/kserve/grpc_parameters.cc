#include "protocol/kserve/grpc_parameters.h"

#include <string>
#include <utility>

#include "protocol/kserve/infer_fault.h"
#include "protocol/kserve/infer_parameters.h"
#include "protocol/kserve/urgency.h"

namespace aion::kserve {

namespace {

using inference::InferParameter;

constexpr std::string_view kEmptyFinal = "triton_enable_empty_final_response";

Error wrong_kind(std::string_view key, std::string_view expected) {
  return Error{Code::InvalidArgument,
               "invalid value type for " + in_quotes(key) + " parameter, expected " +
                   std::string(expected) + "."};
}

Error wrong_value(std::string_view key, std::string_view expected, std::int64_t got) {
  return Error{Code::InvalidArgument,
               "invalid value for " + in_quotes(key) + " parameter, expected " +
                   std::string(expected) + ", got " + std::to_string(got)};
}

Error shared_memory_refusal(std::string_view key, std::string_view where, std::string_view name) {
  return Error{Code::Unimplemented,
               "Client shared memory is disabled: parameter " + in_quotes(key) + " of " +
                   std::string(where) + " " + in_quotes(name) + " is unsupported"};
}

bool is_shared_memory(std::string_view key) {
  return key.starts_with("shared_memory_");
}

/// No model here keeps state between requests, so only what says "no sequence" can be served.
Result<void> check_sequence(std::string_view key, const InferParameter& value) {
  bool is_none = false;
  if (key == "sequence_id") {
    if (!value.has_int64_param() && !value.has_string_param()) {
      return wrong_kind(key, "int64_param or string_param");
    }
    is_none = value.int64_param() == 0 && value.string_param().empty();
  } else {
    if (!value.has_bool_param()) {
      return wrong_kind(key, "bool_param");
    }
    is_none = !value.bool_param();
  }
  return is_none ? Result<void>()
                 : Error{Code::Unimplemented,
                         "parameter " + in_quotes(key) +
                             " is unsupported: no model keeps state between requests"};
}

Result<runtime::ParameterValue> custom_value(std::string_view key, const InferParameter& value) {
  switch (value.parameter_choice_case()) {
    case InferParameter::kBoolParam:
      return runtime::ParameterValue(value.bool_param());
    case InferParameter::kInt64Param:
      return runtime::ParameterValue(value.int64_param());
    case InferParameter::kStringParam:
      return runtime::ParameterValue(value.string_param());
    case InferParameter::kDoubleParam:
      return runtime::ParameterValue(value.double_param());
    default:  // a number above 2^63-1 has no place in the house's parameters
      return wrong_kind(key, "int64_param, bool_param, or string_param");
  }
}

Result<std::chrono::microseconds> read_timeout(const InferParameter& value) {
  if (!value.has_int64_param()) {
    return wrong_kind("timeout", "int64_param");
  }
  if (value.int64_param() < 0) {
    return wrong_value("timeout", "at least 0 microseconds", value.int64_param());
  }
  return timeout_of(static_cast<std::uint64_t>(value.int64_param()));
}

Result<Duration> read_deadline(const InferParameter& value) {
  if (value.has_double_param()) {
    return deadline_of(
        value.double_param(), kDeadlineParameter, std::to_string(value.double_param()));
  }
  if (!value.has_int64_param()) {
    return wrong_kind(kDeadlineParameter, "int64_param or double_param");
  }
  return deadline_of(static_cast<double>(value.int64_param()),
                     kDeadlineParameter,
                     std::to_string(value.int64_param()));
}

Result<std::uint64_t> read_priority(const InferParameter& value) {
  if (value.has_uint64_param()) {
    return value.uint64_param();
  }
  if (!value.has_int64_param()) {
    return wrong_kind("priority", "int64_param or uint64_param");
  }
  if (value.int64_param() < 0) {
    return wrong_value("priority", "at least 0", value.int64_param());
  }
  return static_cast<std::uint64_t>(value.int64_param());
}

Result<void> read_request_parameter(const std::string& key,
                                    const InferParameter& value,
                                    GrpcRequestParameters& read) {
  if (key == kEmptyFinal) {
    read.wants_empty_final = value.bool_param();
    return value.has_bool_param() ? Result<void>() : wrong_kind(key, "bool_param");
  }
  if (key.starts_with("triton_")) {
    return Error{Code::InvalidArgument,
                 "parameter keys starting with 'triton_' are reserved for Triton usage and should "
                 "not be specified."};
  }
  if (key == "headers") {
    return Error{Code::InvalidArgument,
                 "parameter 'headers' is reserved for headers that the server forwards"};
  }
  if (key == "timeout") {
    AION_TRY(read.timeout, read_timeout(value));
    return {};
  }
  if (key == "priority") {
    AION_TRY(read.priority, read_priority(value));
    return {};
  }
  if (key == kDeadlineParameter) {
    AION_TRY(read.deadline, read_deadline(value));
    return {};
  }
  if (key == kCriticalityParameter) {
    if (!value.has_string_param()) {
      return wrong_kind(key, "string_param");
    }
    AION_TRY(read.criticality, criticality_of(value.string_param(), key));
    return {};
  }
  if (key == "sequence_id" || key == "sequence_start" || key == "sequence_end") {
    return check_sequence(key, value);
  }
  AION_TRY(runtime::ParameterValue custom, custom_value(key, value));
  read.custom.insert_or_assign(key, std::move(custom));
  return {};
}

}  // namespace

Result<GrpcRequestParameters> read_request_parameters(const GrpcParameters& parameters) {
  GrpcRequestParameters read;
  for (const auto& [key, value] : parameters) {
    AION_TRY_VOID(read_request_parameter(key, value, read));
  }
  return read;
}

Result<void> check_input_parameters(const GrpcParameters& parameters, std::string_view input) {
  for (const auto& [key, value] : parameters) {
    if (is_shared_memory(key)) {
      return shared_memory_refusal(key, "input", input);
    }
  }
  return {};
}

Result<std::uint64_t> read_output_parameters(const GrpcParameters& parameters,
                                             std::string_view output) {
  std::uint64_t classes = 0;
  for (const auto& [key, value] : parameters) {
    if (is_shared_memory(key)) {
      return shared_memory_refusal(key, "output", output);
    }
    if (key != "classification") {
      continue;
    }
    if (!value.has_int64_param()) {
      return wrong_kind(key, "int64_param");
    }
    if (value.int64_param() <= 0) {
      return wrong_value(key, "a positive number of classes", value.int64_param());
    }
    classes = static_cast<std::uint64_t>(value.int64_param());
  }
  return classes;
}

void add_parameters(const runtime::Parameters& parameters, GrpcParameters& out) {
  for (const auto& [key, value] : parameters) {
    InferParameter& added = out[key];
    if (const auto* flag = std::get_if<bool>(&value)) {
      added.set_bool_param(*flag);
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      added.set_int64_param(*number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      added.set_double_param(*real);
    } else {
      added.set_string_param(std::get<std::string>(value));
    }
  }
}

}  // namespace aion::kserve
