#include "protocol/kserve/infer_parameters.h"

#include <algorithm>

#include "protocol/kserve/infer_fault.h"
#include "protocol/kserve/urgency.h"

namespace aion::kserve {

namespace {

constexpr std::size_t kMaxParameters = 1024;
constexpr std::string_view kPart = "parameters";

Error wrong_value(std::string_view field,
                  std::string_view key,
                  std::string_view expected,
                  JsonElement got) {
  return must_be(kPart, std::string(field) + "." + std::string(key), expected, described(got));
}

Error unsupported(std::string_view field, std::string_view key, std::string_view why) {
  return Error{
      Code::Unimplemented,
      std::string(field) + "." + std::string(key) + " is unsupported: " + std::string(why)};
}

Error shared_memory_refusal(std::string_view field, std::string_view key) {
  return Error{Code::Unimplemented,
               "Client shared memory is disabled: " + std::string(field) + "." + std::string(key) +
                   " is unsupported"};
}

Result<JsonObject> object_of(JsonElement parameters, std::string_view field) {
  JsonObject object;
  if (parameters.get(object) != simdjson::SUCCESS) {
    return must_be(kPart, field, "an object", described(parameters));
  }
  if (object.size() > kMaxParameters) {
    return must_be(kPart,
                   field,
                   "at most " + std::to_string(kMaxParameters) + " values",
                   std::to_string(object.size()));
  }
  return object;
}

Result<std::uint64_t> unsigned_of(std::string_view field, std::string_view key, JsonElement value) {
  std::uint64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS) {
    return wrong_value(field, key, "a non-negative integer", value);
  }
  return number;
}

Result<bool> flag_of(std::string_view field, std::string_view key, JsonElement value) {
  bool flag = false;
  if (value.get(flag) != simdjson::SUCCESS) {
    return wrong_value(field, key, "true or false", value);
  }
  return flag;
}

Result<runtime::ParameterValue> custom_value(std::string_view field,
                                             std::string_view key,
                                             JsonElement value) {
  if (bool flag = false; value.get(flag) == simdjson::SUCCESS) {
    return runtime::ParameterValue(flag);
  }
  if (std::int64_t number = 0; value.get(number) == simdjson::SUCCESS) {
    return runtime::ParameterValue(number);
  }
  if (double number = 0; value.type() == simdjson::dom::element_type::DOUBLE &&
                         value.get(number) == simdjson::SUCCESS) {
    return runtime::ParameterValue(number);
  }
  if (std::string_view text; value.get(text) == simdjson::SUCCESS) {
    return runtime::ParameterValue(std::string(text));
  }
  return wrong_value(field, key, "a string, a boolean, a double or an integer of 64 bits", value);
}

/// No model here keeps state between requests, so only what says "no sequence" can be served.
Result<void> check_sequence(std::string_view key, JsonElement value) {
  bool is_none = false;
  if (key == "sequence_id") {
    std::uint64_t number = 0;
    std::string_view text;
    if (value.get(number) == simdjson::SUCCESS) {
      is_none = number == 0;
    } else if (value.get(text) == simdjson::SUCCESS) {
      is_none = text.empty();
    } else {
      return wrong_value(kPart, key, "a non-negative integer or a string", value);
    }
  } else {
    AION_TRY(const bool flag, flag_of(kPart, key, value));
    is_none = !flag;
  }
  if (!is_none) {
    return unsupported(kPart, key, "no model keeps state between requests");
  }
  return {};
}

bool is_sequence_key(std::string_view key) {
  return key == "sequence_id" || key == "sequence_start" || key == "sequence_end";
}

Result<void> read_request_parameter(std::string_view key,
                                    JsonElement value,
                                    RequestParameters& read) {
  if (key.starts_with("triton_")) {
    return Error{Code::InvalidArgument,
                 "parameter keys starting with 'triton_' are reserved for Triton usage and should "
                 "not be specified."};
  }
  if (key == "headers") {
    return Error{Code::InvalidArgument,
                 "parameters.headers is reserved for headers that the server forwards"};
  }
  if (key == "binary_data_output") {
    AION_TRY(read.is_binary_output, flag_of(kPart, key, value));
    return {};
  }
  if (key == "timeout") {
    AION_TRY(const std::uint64_t number, unsigned_of(kPart, key, value));
    read.timeout = timeout_of(number);
    return {};
  }
  if (key == "priority") {
    AION_TRY(read.priority, unsigned_of(kPart, key, value));
    return {};
  }
  if (key == kDeadlineParameter) {
    double ms = 0;
    if (value.get(ms) != simdjson::SUCCESS) {
      ms = 0;  // refused, as what is no number is
    }
    AION_TRY(read.deadline,
             deadline_of(ms, std::string(kPart) + "." + std::string(key), described(value)));
    return {};
  }
  if (key == kCriticalityParameter) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) {
      return wrong_value(kPart, key, "safety, normal or best-effort", value);
    }
    AION_TRY(read.criticality, criticality_of(text, std::string(kPart) + "." + std::string(key)));
    return {};
  }
  if (is_sequence_key(key)) {
    return check_sequence(key, value);
  }
  AION_TRY(runtime::ParameterValue custom, custom_value(kPart, key, value));
  read.custom.insert_or_assign(std::string(key), std::move(custom));
  return {};
}

}  // namespace

bool OutputFormat::wants_binary(std::string_view output) const {
  const bool is_exception =
      std::find(exceptions.begin(), exceptions.end(), output) != exceptions.end();
  return is_binary != is_exception;
}

std::chrono::microseconds timeout_of(std::uint64_t microseconds) {
  constexpr auto kLongest =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds::max());
  return std::chrono::microseconds(
      std::min(microseconds, static_cast<std::uint64_t>(kLongest.count())));
}

Result<RequestParameters> request_parameters(JsonElement parameters) {
  AION_TRY(const JsonObject object, object_of(parameters, kPart));
  RequestParameters read;
  for (const auto& [key, value] : object) {
    AION_TRY_VOID(read_request_parameter(key, value, read));
  }
  return read;
}

Result<InputParameters> input_parameters(JsonElement parameters, std::string_view field) {
  AION_TRY(const JsonObject object, object_of(parameters, field));
  InputParameters read;
  for (const auto& [key, value] : object) {
    if (key == "binary_data_size") {
      AION_TRY(read.binary_data_size, unsigned_of(field, key, value));
    } else if (key == "shared_memory_region") {
      read.has_shared_memory_region = true;
    }
  }
  return read;
}

Result<OutputParameters> output_parameters(JsonElement parameters, std::string_view field) {
  AION_TRY(const JsonObject object, object_of(parameters, field));
  OutputParameters read;
  for (const auto& [key, value] : object) {
    if (key == "binary_data") {
      AION_TRY(read.binary_data, flag_of(field, key, value));
    } else if (key == "classification") {
      AION_TRY(read.classes, unsigned_of(field, key, value));
    } else if (key.starts_with("shared_memory_")) {
      return shared_memory_refusal(field, key);
    }
  }
  return read;
}

}  // namespace aion::kserve
