#include "catalog/repository/batching_settings.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <catalog/repository/model_config.pb.h>

#include "catalog/repository/config_dtype.h"
#include "tensor/tensor.h"

namespace aion::catalog {

namespace {

using inference::ModelConfig;

// A request that waits longer than this is forgotten by everybody; and it keeps sums of times from
// overflowing.
constexpr std::uint64_t kMostMicroseconds = 24ULL * 3600 * 1'000'000;
constexpr std::uint32_t kMostInstances = 1024;
constexpr std::uint32_t kMostWarmupRuns = 10'000;
constexpr std::int64_t kMostWarmupElements = 1LL << 28;

Error wrong(const std::string& field, const std::string& is, const std::string& expected) {
  return Error{Code::InvalidArgument,
               "config.pbtxt: field '" + field + "' is " + is + ", expected " + expected};
}

Result<std::chrono::microseconds> microseconds_of(std::uint64_t value, const std::string& field) {
  if (value > kMostMicroseconds) {
    return wrong(
        field, std::to_string(value), "at most " + std::to_string(kMostMicroseconds) + " (a day)");
  }
  return std::chrono::microseconds(value);
}

Result<QueuePolicy> policy_of(const inference::ModelQueuePolicy& policy, const std::string& where) {
  QueuePolicy ours;
  ours.on_timeout = policy.timeout_action() == inference::ModelQueuePolicy::DELAY
                        ? QueuePolicy::OnTimeout::Delay
                        : QueuePolicy::OnTimeout::Refuse;
  AION_TRY(ours.default_timeout,
           microseconds_of(policy.default_timeout_microseconds(),
                           where + ".default_timeout_microseconds"));
  ours.is_overridable = policy.allow_timeout_override();
  ours.limit = policy.max_queue_size();
  return ours;
}

Result<void> set_preferred(const ModelConfig& config, Batching& batching) {
  for (const std::int32_t size : config.dynamic_batching().preferred_batch_size()) {
    if (size < 1 || (config.max_batch_size() > 0 && size > config.max_batch_size())) {
      return wrong("dynamic_batching.preferred_batch_size",
                   std::to_string(size),
                   config.max_batch_size() > 0
                       ? "1 to max_batch_size, which is " + std::to_string(config.max_batch_size())
                       : "at least 1");
    }
    batching.preferred.push_back(size);
  }
  std::ranges::sort(batching.preferred);
  return {};
}

Result<void> set_levels(const inference::ModelDynamicBatching& config, Batching& batching) {
  batching.levels = config.priority_levels();
  batching.default_level = config.default_priority_level();
  const std::string range = "1 to priority_levels, which is " + std::to_string(batching.levels);
  if (batching.levels == 0 && batching.default_level != 0) {
    return wrong("dynamic_batching.default_priority_level",
                 std::to_string(batching.default_level),
                 "nothing where priority_levels is not given");
  }
  if (batching.levels > 0 &&
      (batching.default_level == 0 || batching.default_level > batching.levels)) {
    return wrong(
        "dynamic_batching.default_priority_level", std::to_string(batching.default_level), range);
  }
  for (const auto& [level, policy] : config.priority_queue_policy()) {
    if (level == 0 || level > batching.levels) {
      return wrong(
          "dynamic_batching.priority_queue_policy", "of level " + std::to_string(level), range);
    }
    const std::string where =
        "dynamic_batching.priority_queue_policy[" + std::to_string(level) + "]";
    AION_TRY(batching.level_policies[level], policy_of(policy, where));
  }
  return {};
}

Result<Batching> without_dynamic_batching(const ModelConfig& config) {
  Batching batching;
  const auto asked = config.parameters().find("batching");
  const bool is_asked = asked != config.parameters().end();
  const std::string& value = is_asked ? asked->second.string_value() : std::string();
  if (is_asked && value != "off" && value != "adaptive") {
    return wrong("parameters[batching]", "'" + value + "'", "off or adaptive");
  }
  const bool declares = config.input_size() > 0 || config.output_size() > 0;
  if (value == "off" || (config.max_batch_size() == 0 && declares)) {
    batching.mode = Batching::Mode::Off;
  }
  return batching;
}

/// The elements of one input of a warm-up.
Result<WarmupInput> warmup_input_of(const inference::ModelWarmup::Input& input,
                                    const std::string& where,
                                    std::int64_t rows) {
  using Proto = inference::ModelWarmup::Input;
  WarmupInput ours;
  ours.dtype = dtype_of(input.data_type());
  if (ours.dtype == tensor::DataType::Invalid) {
    return wrong(where + ".data_type", "missing", "e.g. TYPE_FP32");
  }
  if (rows > 0) {
    ours.shape.push_back(rows);
  }
  ours.shape.insert(ours.shape.end(), input.dims().begin(), input.dims().end());
  const auto count = tensor::element_count(ours.shape);
  if (!count || *count > kMostWarmupElements) {
    return wrong(
        where + ".dims",
        tensor::to_string(ours.shape),
        "extents of at least 0, and at most " + std::to_string(kMostWarmupElements) + " elements");
  }
  switch (input.input_data_type_case()) {
    case Proto::kZeroData:
      ours.data = WarmupInput::Data::Zero;
      return ours;
    case Proto::kRandomData:
      ours.data = WarmupInput::Data::Random;
      return ours;
    case Proto::kInputDataFile:
      ours.data = WarmupInput::Data::File;
      ours.file = input.input_data_file();
      break;
    default:
      return wrong(where, "without data", "zero_data, random_data or input_data_file");
  }
  const std::string& file = input.input_data_file();
  const bool is_plain = !file.empty() && file != "." && file != ".." &&
                        file.find('/') == std::string::npos && file.find('\0') == std::string::npos;
  return is_plain ? Result<WarmupInput>(std::move(ours))
                  : wrong(where + ".input_data_file",
                          "'" + file + "'",
                          "the plain name of a file in the folder 'warmup'");
}

Result<Warmup> warmup_of(const inference::ModelWarmup& warmup, bool is_batched) {
  const std::string where = "model_warmup[" + warmup.name() + "]";
  if (warmup.name().empty()) {
    return wrong("model_warmup.name", "missing", "a name");
  }
  if (warmup.batch_size() < 1 || (!is_batched && warmup.batch_size() > 1)) {
    return wrong(where + ".batch_size",
                 std::to_string(warmup.batch_size()),
                 is_batched ? "at least 1" : "1 where max_batch_size is 0");
  }
  if (warmup.count() > kMostWarmupRuns) {
    return wrong(where + ".count",
                 std::to_string(warmup.count()),
                 "at most " + std::to_string(kMostWarmupRuns));
  }
  Warmup ours{warmup.name(), std::max<std::uint32_t>(warmup.count(), 1), {}};
  for (const auto& [name, input] : warmup.inputs()) {
    const std::int64_t rows = is_batched ? warmup.batch_size() : 0;
    AION_TRY(ours.inputs[name], warmup_input_of(input, where + ".inputs[" + name + "]", rows));
  }
  return ours;
}

}  // namespace

Result<Batching> batching_of(const ModelConfig& config) {
  if (!config.has_dynamic_batching()) {
    return without_dynamic_batching(config);
  }
  const inference::ModelDynamicBatching& dynamic = config.dynamic_batching();
  if (dynamic.preserve_ordering() && config.model_transaction_policy().decoupled()) {
    return wrong(
        "dynamic_batching.preserve_ordering",
        "true",
        "false where model_transaction_policy is decoupled: one request has many responses");
  }
  Batching batching;
  batching.mode = Batching::Mode::Dynamic;
  AION_TRY_VOID(set_preferred(config, batching));
  AION_TRY(batching.max_delay,
           microseconds_of(dynamic.max_queue_delay_microseconds(),
                           "dynamic_batching.max_queue_delay_microseconds"));
  batching.keeps_order = dynamic.preserve_ordering();
  AION_TRY_VOID(set_levels(dynamic, batching));
  AION_TRY(batching.policy,
           policy_of(dynamic.default_queue_policy(), "dynamic_batching.default_queue_policy"));
  return batching;
}

Result<std::uint32_t> instances_of(const ModelConfig& config) {
  using Group = inference::ModelInstanceGroup;
  std::uint32_t instances = 0;
  bool is_bounded = true;
  for (const Group& group : config.instance_group()) {
    if (group.kind() != Group::KIND_AUTO && group.kind() != Group::KIND_CPU) {
      return wrong("instance_group.kind",
                   Group::Kind_Name(group.kind()),
                   "KIND_CPU or KIND_AUTO: other devices are known but not served yet");
    }
    if (group.count() < 0 || group.count() > static_cast<std::int32_t>(kMostInstances)) {
      return wrong("instance_group.count",
                   std::to_string(group.count()),
                   "0 to " + std::to_string(kMostInstances));
    }
    is_bounded = is_bounded && group.count() > 0;  // 0: as many as the device allows
    instances += static_cast<std::uint32_t>(group.count());
  }
  return is_bounded ? instances : 0;
}

Result<std::vector<Warmup>> warmups_of(const ModelConfig& config) {
  std::vector<Warmup> warmups;
  for (const inference::ModelWarmup& warmup : config.model_warmup()) {
    AION_TRY(Warmup ours, warmup_of(warmup, config.max_batch_size() > 0));
    warmups.push_back(std::move(ours));
  }
  return warmups;
}

}  // namespace aion::catalog
