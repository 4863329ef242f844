#include "catalog/repository/served_fields.h"

#include <array>
#include <string_view>
#include <vector>

#include <catalog/repository/model_config.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

namespace aion::catalog {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Paths of fields that settings.cc reads. A message is listed when an empty one means nothing or is
// read too; its fields are listed one by one. A trailing star stands for everything below.
constexpr std::array kServed = std::to_array<std::string_view>({
    "name",
    "platform",
    "backend",
    "version_policy",
    "version_policy.*",
    "max_batch_size",
    "input",
    "input.name",
    "input.data_type",
    "input.format",
    "input.dims",
    "input.reshape",
    "input.reshape.shape",
    "input.optional",
    "output",
    "output.name",
    "output.data_type",
    "output.dims",
    "output.reshape",
    "output.reshape.shape",
    "output.label_filename",
    "dynamic_batching",
    "dynamic_batching.*",
    "instance_group",
    "instance_group.name",
    "instance_group.kind",
    "instance_group.count",
    "default_model_filename",
    // Files for GPUs by what they can compute: on a CPU it is the default one.
    "cc_model_filenames",
    "cc_model_filenames.*",
    "metric_tags",
    "metric_tags.*",
    "model_warmup",
    "model_warmup.*",
    "parameters",
    "parameters.*",
    "model_transaction_policy",
    "model_transaction_policy.decoupled",
    "optimization",
    "optimization.graph",
    "optimization.graph.level",
    // Memory for copies to a GPU: a model on a CPU makes none.
    "optimization.input_pinned_memory",
    "optimization.input_pinned_memory.enable",
    "optimization.output_pinned_memory",
    "optimization.output_pinned_memory.enable",
    "optimization.gather_kernel_buffer_threshold",
    "response_cache",
    "response_cache.enable",
});

bool is_served(std::string_view path) {
  for (std::string_view served : kServed) {
    if (served == path) {
      return true;
    }
    if (served.ends_with('*')) {
      served.remove_suffix(1);
      if (path.starts_with(served)) {
        return true;
      }
    }
  }
  return false;
}

std::optional<std::string> first_unserved(const Message& message, const std::string& prefix);

std::optional<std::string> first_unserved_below(const Message& message,
                                                const FieldDescriptor* field,
                                                const std::string& path) {
  const auto* reflection = message.GetReflection();
  if (!field->is_repeated()) {
    return first_unserved(reflection->GetMessage(message, field), path + ".");
  }
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    if (auto found =
            first_unserved(reflection->GetRepeatedMessage(message, field, i), path + ".")) {
      return found;
    }
  }
  return std::nullopt;
}

std::optional<std::string> first_unserved(const Message& message, const std::string& prefix) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    const std::string path = prefix + field->name();
    if (!is_served(path)) {
      return path;
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (auto found = first_unserved_below(message, field, path)) {
        return found;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> first_unserved_field(const inference::ModelConfig& config) {
  return first_unserved(config, "");
}

}  // namespace aion::catalog
