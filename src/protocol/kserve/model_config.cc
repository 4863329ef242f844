#include "protocol/kserve/model_config.h"

#include <algorithm>
#include <span>
#include <utility>

#include <google/protobuf/descriptor.h>

#include "base/json.h"

namespace aion::kserve {

namespace {

using catalog::ModelVersion;
using catalog::TensorSpec;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using inference::ModelConfig;
using tensor::DataType;

inference::DataType config_dtype(DataType dtype) {
  switch (dtype) {
    case DataType::Bool:
      return inference::TYPE_BOOL;
    case DataType::Uint8:
      return inference::TYPE_UINT8;
    case DataType::Uint16:
      return inference::TYPE_UINT16;
    case DataType::Uint32:
      return inference::TYPE_UINT32;
    case DataType::Uint64:
      return inference::TYPE_UINT64;
    case DataType::Int8:
      return inference::TYPE_INT8;
    case DataType::Int16:
      return inference::TYPE_INT16;
    case DataType::Int32:
      return inference::TYPE_INT32;
    case DataType::Int64:
      return inference::TYPE_INT64;
    case DataType::Fp16:
      return inference::TYPE_FP16;
    case DataType::Bf16:
      return inference::TYPE_BF16;
    case DataType::Fp32:
      return inference::TYPE_FP32;
    case DataType::Fp64:
      return inference::TYPE_FP64;
    case DataType::Bytes:
      return inference::TYPE_STRING;
    case DataType::Invalid:
      break;
  }
  return inference::TYPE_INVALID;
}

/// Adds the tensors that the configuration does not declare.
template <class Entries>
void complete_tensors(std::span<const TensorSpec> specs, bool is_batched, Entries& entries) {
  for (const TensorSpec& spec : specs) {
    if (std::ranges::any_of(entries,
                            [&](const auto& entry) { return entry.name() == spec.name; })) {
      continue;
    }
    auto& entry = *entries.Add();
    entry.set_name(spec.name);
    entry.set_data_type(config_dtype(spec.dtype));
    const std::size_t first = is_batched && !spec.shape.empty() ? 1 : 0;
    for (const std::int64_t extent : std::span(spec.shape).subspan(first)) {
      entry.add_dims(extent);
    }
  }
}

void complete_instance_groups(const ModelVersion& version, ModelConfig& config) {
  if (config.instance_group().empty()) {
    config.add_instance_group();
  }
  int at = 0;
  for (inference::ModelInstanceGroup& group : *config.mutable_instance_group()) {
    if (group.name().empty()) {
      group.set_name(config.instance_group_size() == 1 ? version.name
                                                       : version.name + "_" + std::to_string(at));
    }
    if (group.kind() == inference::ModelInstanceGroup::KIND_AUTO) {
      group.set_kind(inference::ModelInstanceGroup::KIND_CPU);
    }
    group.set_count(std::max(group.count(), 1));
    ++at;
  }
}

void complete_scheduling(ModelConfig& config) {
  config.mutable_optimization()->mutable_input_pinned_memory()->set_enable(true);
  config.mutable_optimization()->mutable_output_pinned_memory()->set_enable(true);
  if (!config.version_policy().has_all() && !config.version_policy().has_specific()) {
    auto& latest = *config.mutable_version_policy()->mutable_latest();
    latest.set_num_versions(std::max<std::uint32_t>(latest.num_versions(), 1));
  }
  if (config.has_dynamic_batching()) {
    inference::ModelDynamicBatching& batching = *config.mutable_dynamic_batching();
    if (batching.preferred_batch_size().empty() && config.max_batch_size() > 0) {
      batching.add_preferred_batch_size(config.max_batch_size());
    }
    batching.mutable_default_queue_policy();
  }
}

Json json_of(const Message& message);

std::string enum_text(const EnumDescriptor& type, int number) {
  const auto* const value = type.FindValueByNumber(number);
  return value == nullptr ? std::to_string(number) : value->name();
}

/// The value of a field that is not repeated.
Json value_of(const Message& message, const FieldDescriptor& field) {
  const auto& values = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return values.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return values.GetInt64(message, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return values.GetUInt32(message, &field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return values.GetUInt64(message, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return values.GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return values.GetFloat(message, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return values.GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return enum_text(*field.enum_type(), values.GetEnumValue(message, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return values.GetString(message, &field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return json_of(values.GetMessage(message, &field));
  }
  return nullptr;
}

Json element_of(const Message& message, const FieldDescriptor& field, int at) {
  const auto& values = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return values.GetRepeatedInt32(message, &field, at);
    case FieldDescriptor::CPPTYPE_INT64:
      return values.GetRepeatedInt64(message, &field, at);
    case FieldDescriptor::CPPTYPE_UINT32:
      return values.GetRepeatedUInt32(message, &field, at);
    case FieldDescriptor::CPPTYPE_UINT64:
      return values.GetRepeatedUInt64(message, &field, at);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return values.GetRepeatedDouble(message, &field, at);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return values.GetRepeatedFloat(message, &field, at);
    case FieldDescriptor::CPPTYPE_BOOL:
      return values.GetRepeatedBool(message, &field, at);
    case FieldDescriptor::CPPTYPE_ENUM:
      return enum_text(*field.enum_type(), values.GetRepeatedEnumValue(message, &field, at));
    case FieldDescriptor::CPPTYPE_STRING:
      return values.GetRepeatedString(message, &field, at);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return json_of(values.GetRepeatedMessage(message, &field, at));
  }
  return nullptr;
}

/// Sorted by key: a map has no order of its own.
Json map_of(const Message& message, const FieldDescriptor& field) {
  std::map<std::string, Json> sorted;
  const auto& values = *message.GetReflection();
  for (int i = 0; i < values.FieldSize(message, &field); ++i) {
    const Message& entry = values.GetRepeatedMessage(message, &field, i);
    const Json key = value_of(entry, *field.message_type()->map_key());
    sorted.emplace(key.is_string() ? key.get<std::string>() : key.dump(),
                   value_of(entry, *field.message_type()->map_value()));
  }
  Json json = Json::object();
  for (auto& [key, value] : sorted) {
    json[key] = std::move(value);
  }
  return json;
}

Json json_of(const Message& message) {
  const auto& values = *message.GetReflection();
  Json json = Json::object();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (field.is_map()) {
      json[field.name()] = map_of(message, field);
    } else if (field.is_repeated()) {
      Json list = Json::array();
      for (int at = 0; at < values.FieldSize(message, &field); ++at) {
        list.push_back(element_of(message, field, at));
      }
      json[field.name()] = std::move(list);
    } else if (!field.has_presence() || values.HasField(message, &field)) {
      json[field.name()] = value_of(message, field);
    }
  }
  return json;
}

}  // namespace

ModelConfig model_config_of(const ModelVersion& version) {
  ModelConfig config;
  // It was serialised from a message of this schema; an empty one is read from an empty text.
  static_cast<void>(config.ParseFromString(version.configuration));
  const bool is_batched = version.max_batch_size > 0;
  config.set_name(version.name);
  config.set_platform(version.platform);
  if (config.backend().empty()) {
    config.set_backend(version.backend == "onnx" ? "onnxruntime" : version.backend);
  }
  if (config.default_model_filename().empty() && version.path.has_extension()) {
    config.set_default_model_filename(version.path.filename().string());
  }
  complete_tensors(version.signature.inputs, is_batched, *config.mutable_input());
  complete_tensors(version.signature.outputs, is_batched, *config.mutable_output());
  complete_scheduling(config);
  complete_instance_groups(version, config);
  return config;
}

std::string json_text_of(const Message& message) {
  return to_text(json_of(message));
}

}  // namespace aion::kserve
