#include "protocol/kserve/grpc_documents.h"

#include <string>

#include "protocol/kserve/http_documents.h"
#include "protocol/kserve/infer_fault.h"

namespace aion::kserve {

namespace {

using TensorMetadata = inference::ModelMetadataResponse::TensorMetadata;

void write_tensors(const std::vector<catalog::TensorSpec>& specs,
                   google::protobuf::RepeatedPtrField<TensorMetadata>& out) {
  for (const catalog::TensorSpec& spec : specs) {
    TensorMetadata& tensor = *out.Add();
    tensor.set_name(spec.name);
    tensor.set_datatype(std::string(tensor::to_string(spec.dtype)));
    tensor.mutable_shape()->Add(spec.shape.begin(), spec.shape.end());
  }
}

void write_duration(const serving::DurationTotal& total, inference::StatisticDuration& out) {
  out.set_count(total.count);
  out.set_ns(total.ns);
}

void write_one(const serving::VersionStatistics& one, inference::ModelStatistics& out) {
  const serving::StatisticsSnapshot& figures = one.statistics;
  out.set_name(one.name);
  out.set_version(std::to_string(one.version));
  out.set_last_inference(figures.last_inference_ms);
  out.set_inference_count(figures.inference_count);
  out.set_execution_count(figures.execution_count);
  inference::InferStatistics& inference = *out.mutable_inference_stats();
  write_duration(figures.success, *inference.mutable_success());
  write_duration(figures.fail, *inference.mutable_fail());
  write_duration(figures.queue, *inference.mutable_queue());
  write_duration(figures.compute_input, *inference.mutable_compute_input());
  write_duration(figures.compute_infer, *inference.mutable_compute_infer());
  write_duration(figures.compute_output, *inference.mutable_compute_output());
  write_duration(figures.cache_hit, *inference.mutable_cache_hit());
  write_duration(figures.cache_miss, *inference.mutable_cache_miss());
  for (const auto& [index, totals] : figures.responses) {
    inference::InferResponseStatistics& response =
        (*out.mutable_response_stats())[std::to_string(index)];
    write_duration(totals.compute_infer, *response.mutable_compute_infer());
    write_duration(totals.compute_output, *response.mutable_compute_output());
    write_duration(totals.success, *response.mutable_success());
    write_duration(totals.fail, *response.mutable_fail());
    write_duration(totals.empty, *response.mutable_empty_response());
    write_duration(totals.cancel, *response.mutable_cancel());
  }
  for (const auto& [size, infer] : figures.batches) {
    inference::InferBatchStatistics& batch = *out.add_batch_stats();
    batch.set_batch_size(size);
    // How long these take is measured per request, not per size of batch.
    write_duration({infer.count, 0}, *batch.mutable_compute_input());
    write_duration(infer, *batch.mutable_compute_infer());
    write_duration({infer.count, 0}, *batch.mutable_compute_output());
  }
}

}  // namespace

void write_metadata(const serving::ModelMetadata& metadata, inference::ModelMetadataResponse& out) {
  out.set_name(metadata.name);
  for (const std::int64_t version : metadata.versions) {
    out.add_versions(std::to_string(version));
  }
  out.set_platform(metadata.platform);
  write_tensors(metadata.signature.inputs, *out.mutable_inputs());
  write_tensors(metadata.signature.outputs, *out.mutable_outputs());
}

void write_statistics(const std::vector<serving::VersionStatistics>& all,
                      inference::ModelStatisticsResponse& out) {
  for (const serving::VersionStatistics& one : all) {
    write_one(one, *out.add_model_stats());
  }
}

void write_index(const std::vector<serving::IndexRow>& rows,
                 inference::RepositoryIndexResponse& out) {
  for (const serving::IndexRow& row : rows) {
    auto& entry = *out.add_models();
    entry.set_name(row.name);
    if (row.version != 0) {
      entry.set_version(std::to_string(row.version));
    }
    // A model that was never loaded has a name and nothing else, unless there is a reason.
    if (row.version != 0 || !row.reason.empty()) {
      entry.set_state(std::string(to_string(row.state)));
    }
    entry.set_reason(row.reason);
  }
}

Result<void> check_repository_name(const std::string& name) {
  return name.empty()
             ? Result<void>()
             : Error{Code::Unimplemented, "'repository_name' specification is not supported"};
}

Result<std::optional<catalog::Override>> read_load(
    const inference::RepositoryModelLoadRequest& request) {
  AION_TRY_VOID(check_repository_name(request.repository_name()));
  catalog::Override given;
  for (const auto& [key, value] : request.parameters()) {
    const bool is_file = key.starts_with(kFilePrefix);
    if (key != "config" && !is_file) {
      return Error{
          Code::InvalidArgument,
          "unknown load parameter " + in_quotes(key) + ", expected 'config' or 'file:<path>'"};
    }
    if (is_file ? !value.has_bytes_param() : !value.has_string_param()) {
      return Error{Code::InvalidArgument,
                   "invalid value type for load parameter " + in_quotes(key) + ", expected " +
                       (is_file ? "bytes_param." : "string_param.")};
    }
    if (is_file) {
      given.files[key.substr(kFilePrefix.size())] = value.bytes_param();
    } else {
      given.config = value.string_param();
    }
  }
  return checked_override(std::move(given), request.parameters().contains("config"));
}

Result<void> check_unload(const inference::RepositoryModelUnloadRequest& request) {
  AION_TRY_VOID(check_repository_name(request.repository_name()));
  for (const auto& [key, value] : request.parameters()) {
    if (key != "unload_dependents") {
      return Error{Code::InvalidArgument,
                   "unknown unload parameter " + in_quotes(key) + ", expected 'unload_dependents'"};
    }
    if (!value.has_bool_param()) {  // accepted, and nothing follows: no model depends on another
      return Error{Code::InvalidArgument,
                   "invalid value type for 'unload_dependents' parameter, expected bool_param."};
    }
  }
  return {};
}

}  // namespace aion::kserve
