#include "catalog/repository/settings.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <optional>
#include <utility>

#include <catalog/repository/model_config.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>

#include "catalog/repository/batching_settings.h"
#include "catalog/repository/config_dtype.h"
#include "catalog/repository/served_fields.h"
#include "catalog/repository/timing_settings.h"

namespace aion::catalog {

namespace {

using inference::ModelConfig;
using tensor::DataType;

Error wrong(std::string message) {
  return Error{Code::InvalidArgument, std::move(message)};
}

std::string in_quotes(std::string_view text) {
  return "'" + std::string(text) + "'";
}

/// Names of the metadata that people write into a configuration, and what the configuration calls
/// them.
constexpr std::array kOftenConfused = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"\"inputs\"", "input"},
    {"\"outputs\"", "output"},
    {"\"shape\"", "dims"},
    {"\"datatype\"", "data_type"},
});

/// Keeps the first error that the parser reports.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (!text_.empty()) {
      return;
    }
    text_ = "config.pbtxt line " + std::to_string(line + 1) + ", column " +
            std::to_string(column + 1) + ": " + message;
    for (const auto& [confused, meant] : kOftenConfused) {
      if (message.find("has no field named " + std::string(confused)) != std::string::npos) {
        text_ += " The configuration calls it '" + std::string(meant) + "'.";
      }
    }
  }
  void AddWarning(int /*line*/, int /*column*/, const std::string& /*message*/) override {}

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

Result<ModelConfig> parse(std::string_view text) {
  FirstError first_error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&first_error);
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return wrong("config.pbtxt is too large");
  }
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  ModelConfig config;
  if (!parser.Parse(&stream, &config)) {
    return wrong(first_error.text().empty() ? "config.pbtxt is not protobuf text format"
                                            : first_error.text());
  }
  return config;
}

/// The elements between one open extent and the next, for each stretch between two.
Result<std::vector<std::int64_t>> stretches_of(const tensor::Shape& shape) {
  std::vector<std::int64_t> stretches;
  tensor::Shape stretch;
  for (const std::int64_t extent : shape) {
    if (extent >= 0) {
      stretch.push_back(extent);
      continue;
    }
    AION_TRY(const std::int64_t elements, tensor::element_count(stretch));
    stretches.push_back(elements);
    stretch.clear();
  }
  AION_TRY(const std::int64_t elements, tensor::element_count(stretch));
  stretches.push_back(elements);
  return stretches;
}

template <class Entry>
Result<tensor::Shape> inner_shape_of(const Entry& entry,
                                     const std::string& where,
                                     bool is_batched) {
  const tensor::Shape dims(entry.dims().begin(), entry.dims().end());
  tensor::Shape shape(entry.reshape().shape().begin(), entry.reshape().shape().end());
  const std::string field = "config.pbtxt: field 'reshape' of " + where + " has the shape " +
                            tensor::to_string(shape) + ", expected ";
  if (std::ranges::any_of(shape, [](std::int64_t extent) { return extent < 1 && extent != -1; })) {
    return wrong(field + "extents of at least 1, or -1 for any");
  }
  AION_TRY(const auto of_dims, stretches_of(dims));
  AION_TRY(const auto of_shape, stretches_of(shape));
  if (of_dims != of_shape) {
    return wrong(field + "as many elements as 'dims' " + tensor::to_string(dims) +
                 " has, between the same open extents");
  }
  if (is_batched) {
    shape.insert(shape.begin(), -1);
  }
  return shape;
}

/// `kind` is "input" or "output"; both messages have the fields that are read here.
template <class Entry>
Result<TensorSpec> spec_of(const Entry& entry, std::string_view kind, bool is_batched) {
  const std::string where = std::string(kind) + " " + in_quotes(entry.name());
  if (entry.name().empty()) {
    return wrong("config.pbtxt: field 'name' of an " + std::string(kind) + " is missing");
  }
  TensorSpec spec{entry.name(), dtype_of(entry.data_type()), {}};
  if (spec.dtype == DataType::Invalid) {
    return wrong("config.pbtxt: field 'data_type' of " + where +
                 " is missing, expected e.g. TYPE_FP32");
  }
  if (entry.dims().empty()) {
    return wrong("config.pbtxt: field 'dims' of " + where +
                 " is missing, expected e.g. dims: [ -1, 16 ]");
  }
  if (is_batched) {
    spec.shape.push_back(-1);
  }
  for (const std::int64_t extent : entry.dims()) {
    if (extent < 1 && extent != -1) {
      return wrong("config.pbtxt: field 'dims' of " + where + " has the extent " +
                   std::to_string(extent) + ", expected at least 1, or -1 for any");
    }
    spec.shape.push_back(extent);
  }
  if (entry.has_reshape()) {
    AION_TRY(spec.inner_shape, inner_shape_of(entry, where, is_batched));
  }
  return spec;
}

Result<void> add_spec(std::vector<TensorSpec>& specs,
                      Result<TensorSpec> spec,
                      std::string_view kind) {
  if (!spec) {
    return std::move(spec).error();
  }
  if (std::ranges::any_of(specs,
                          [&](const TensorSpec& other) { return other.name == spec->name; })) {
    return wrong("config.pbtxt: " + std::string(kind) + " " + in_quotes(spec->name) +
                 " is there twice");
  }
  specs.push_back(*std::move(spec));
  return {};
}

/// The format names the order of an image's extents; nothing here depends on it.
Result<void> check_format(const inference::ModelInput& input) {
  if (input.format() != inference::ModelInput::FORMAT_NONE && input.dims_size() != 3) {
    return wrong("config.pbtxt: field 'format' of input " + in_quotes(input.name()) + " is " +
                 inference::ModelInput::Format_Name(input.format()) +
                 ", expected nothing where 'dims' are " + std::to_string(input.dims_size()) +
                 " and not 3");
  }
  return {};
}

bool is_plain_name(std::string_view name) {
  return name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos &&
         name != "." && name != "..";
}

Result<void> check_label_file(const inference::ModelOutput& output) {
  if (!is_plain_name(output.label_filename())) {
    return wrong("config.pbtxt: field 'label_filename' of output " + in_quotes(output.name()) +
                 " is " + in_quotes(output.label_filename()) + ", expected a plain file name");
  }
  return {};
}

/// A tag becomes the name of a label.
Result<void> check_metric_tags(const ModelConfig& config) {
  for (const auto& [tag, value] : config.metric_tags()) {
    const bool is_label =
        std::ranges::all_of(tag, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (tag.empty() || !is_label) {
      return wrong("config.pbtxt: field 'metric_tags' has the key " + in_quotes(tag) +
                   ", expected letters, digits and underscores");
    }
  }
  return {};
}

Result<Signature> signature_of(const ModelConfig& config) {
  if (config.max_batch_size() < 0) {
    return wrong("config.pbtxt: field 'max_batch_size' is " +
                 std::to_string(config.max_batch_size()) + ", expected at least 0");
  }
  const bool is_batched = config.max_batch_size() > 0;
  Signature signature;
  for (const inference::ModelInput& input : config.input()) {
    AION_TRY_VOID(check_format(input));
    AION_TRY_VOID(add_spec(signature.inputs, spec_of(input, "input", is_batched), "input"));
    signature.inputs.back().is_optional = input.optional();
  }
  for (const inference::ModelOutput& output : config.output()) {
    AION_TRY_VOID(add_spec(signature.outputs, spec_of(output, "output", is_batched), "output"));
    AION_TRY_VOID(check_label_file(output));
  }
  return signature;
}

Result<VersionPolicy> version_policy_of(const inference::ModelVersionPolicy& policy) {
  VersionPolicy ours;
  if (policy.has_all()) {
    ours.kind = VersionPolicy::Kind::All;
  } else if (policy.has_latest()) {
    ours.latest = std::max<std::uint32_t>(policy.latest().num_versions(), 1);
  } else if (policy.has_specific()) {
    ours.kind = VersionPolicy::Kind::Specific;
    ours.specific.assign(policy.specific().versions().begin(), policy.specific().versions().end());
    if (ours.specific.empty()) {
      return wrong(
          "config.pbtxt: field 'version_policy.specific.versions' is empty, expected e.g. [ 1, 3 "
          "]");
    }
  }
  return ours;
}

Result<void> set_backend(Settings& settings, const ModelConfig& config) {
  const bool is_onnx_platform = config.platform() == "onnxruntime_onnx";
  settings.backend = config.backend();
  if (settings.backend == "onnxruntime" || (settings.backend.empty() && is_onnx_platform)) {
    settings.backend = "onnx";
  } else if (settings.backend.empty()) {
    settings.backend = config.platform();
  }
  if (is_onnx_platform && settings.backend != "onnx") {
    return wrong("config.pbtxt: field 'platform' is 'onnxruntime_onnx' and field 'backend' is " +
                 in_quotes(config.backend()) + ", expected 'onnxruntime' or nothing");
  }
  settings.platform = config.platform();
  return {};
}

Result<void> check_fields(const ModelConfig& config, std::string_view model) {
  if (const auto field = first_unserved_field(config)) {
    return wrong("field " + in_quotes(*field) + " of config.pbtxt is known but not served yet");
  }
  if (!config.name().empty() && config.name() != model) {
    return wrong("config.pbtxt: field 'name' is " + in_quotes(config.name()) +
                 ", expected the folder's name " + in_quotes(model));
  }
  const std::string& file = config.default_model_filename();
  if (!is_plain_name(file)) {
    return wrong("config.pbtxt: field 'default_model_filename' is " + in_quotes(file) +
                 ", expected a plain file name");
  }
  return {};
}

Result<void> check_gpu_files(const ModelConfig& config) {
  for (const auto& [capability, file] : config.cc_model_filenames()) {
    if (!is_plain_name(file)) {
      return wrong("config.pbtxt: field 'cc_model_filenames' names " + in_quotes(file) + " for " +
                   in_quotes(capability) + ", expected a plain file name");
    }
  }
  return {};
}

/// How much a backend may change the graph, as its parameter says it.
Result<void> set_graph_level(const ModelConfig& config, Settings& settings) {
  constexpr std::array kLevels = std::to_array<std::pair<int, const char*>>(
      {{-1, "basic"}, {0, "all"}, {1, "extended"}, {2, "off"}});
  if (!config.optimization().has_graph()) {
    return {};
  }
  const int level = config.optimization().graph().level();
  const auto* const known = std::ranges::find(kLevels, level, &std::pair<int, const char*>::first);
  if (known == kLevels.end()) {
    return wrong("config.pbtxt: field 'optimization.graph.level' is " + std::to_string(level) +
                 ", expected -1 (basic), 0 (all), 1 (basic and extended) or 2 (none)");
  }
  settings.parameters.insert_or_assign("graph_optimization", known->second);
  return {};
}

Result<ModelConfig> parse_json_config(std::string_view json) {
  ModelConfig config;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &config);
  if (parsed.ok()) {
    return config;
  }
  std::string text = "the configuration is no JSON of a model configuration: " +
                     std::string(parsed.message().data(), parsed.message().size());
  for (const auto& [confused, meant] : kOftenConfused) {
    const std::string_view name = confused.substr(1, confused.size() - 2);
    if (text.find(std::string(name) + ": Cannot find field") != std::string::npos) {
      text += " The configuration calls it '" + std::string(meant) + "'.";
    }
  }
  return wrong(std::move(text));
}

Result<Settings> settings_of(const ModelConfig& config, std::string_view model) {
  AION_TRY_VOID(check_fields(config, model));
  Settings settings;
  AION_TRY_VOID(set_backend(settings, config));
  AION_TRY(settings.signature, signature_of(config));
  settings.max_batch_size = config.max_batch_size();
  AION_TRY(settings.versions, version_policy_of(config.version_policy()));
  settings.file_name = config.default_model_filename();
  AION_TRY(settings.batching, batching_of(config));
  AION_TRY(settings.timing, timing_of(config));
  AION_TRY(settings.instances, instances_of(config));
  AION_TRY(settings.warmups, warmups_of(config));
  AION_TRY_VOID(check_metric_tags(config));
  AION_TRY_VOID(check_gpu_files(config));
  settings.metric_tags.insert(config.metric_tags().begin(), config.metric_tags().end());
  settings.is_decoupled = config.model_transaction_policy().decoupled();
  settings.is_cached = config.response_cache().enable();
  if (settings.is_cached && settings.is_decoupled) {
    return wrong(
        "config.pbtxt: field 'response_cache.enable' is true, expected false for a decoupled "
        "model");
  }
  if (settings.is_cached && settings.batching.keeps_order) {
    return wrong(
        "config.pbtxt: field 'response_cache.enable' is true, expected false beside "
        "'dynamic_batching.preserve_ordering': an answer that is kept does not wait for others");
  }
  for (const auto& [key, value] : config.parameters()) {
    settings.parameters.emplace(key, value.string_value());
  }
  AION_TRY_VOID(set_graph_level(config, settings));
  for (const inference::ModelOutput& output : config.output()) {
    if (!output.label_filename().empty()) {
      settings.label_files.emplace(output.name(), output.label_filename());
    }
  }
  settings.configuration = config.SerializeAsString();
  return settings;
}

}  // namespace

std::vector<std::int64_t> wanted_versions(std::span<const std::int64_t> present,
                                          const VersionPolicy& policy) {
  switch (policy.kind) {
    case VersionPolicy::Kind::All:
      return {present.begin(), present.end()};
    case VersionPolicy::Kind::Latest: {
      const auto count = std::min<std::size_t>(policy.latest, present.size());
      return {present.end() - static_cast<std::ptrdiff_t>(count), present.end()};
    }
    case VersionPolicy::Kind::Specific: {
      std::vector<std::int64_t> wanted;
      std::ranges::copy_if(present, std::back_inserter(wanted), [&](std::int64_t version) {
        return std::ranges::find(policy.specific, version) != policy.specific.end();
      });
      return wanted;
    }
  }
  return {};
}

std::string platform_of(std::string_view backend) {
  return backend == "onnx" ? "onnxruntime_onnx" : std::string(backend);
}

namespace {

Result<Settings> read(const Result<ModelConfig>& config, std::string_view model) {
  Result<Settings> settings = config ? settings_of(*config, model) : config.error();
  return settings ? std::move(settings)
                  : Result<Settings>(in_context("model " + in_quotes(model), settings.error()));
}

}  // namespace

Result<Settings> read_settings(std::string_view text, std::string_view model) {
  return read(parse(text), model);
}

Result<Settings> read_json_settings(std::string_view json, std::string_view model) {
  return read(parse_json_config(json), model);
}

}  // namespace aion::catalog
