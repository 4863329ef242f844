#include "protocol/kserve/http_documents.h"

#include <array>
#include <utility>

#include "base/base64.h"
#include "base/json.h"
#include "protocol/kserve/infer_fault.h"

namespace aion::kserve {

namespace {

constexpr std::array<std::string_view, 8> kExtensions = {"classification",
                                                         "model_repository",
                                                         "model_repository(unload_dependents)",
                                                         "schedule_policy",
                                                         "model_configuration",
                                                         "binary_tensor_data",
                                                         "parameters",
                                                         "statistics"};

Json tensors_json(const std::vector<catalog::TensorSpec>& specs) {
  Json list = Json::array();
  for (const catalog::TensorSpec& spec : specs) {
    Json entry;
    entry["name"] = spec.name;
    entry["datatype"] = tensor::to_string(spec.dtype);
    entry["shape"] = spec.shape;
    list.push_back(std::move(entry));
  }
  return list;
}

Json duration_json(const serving::DurationTotal& total) {
  Json json;
  json["count"] = total.count;
  json["ns"] = total.ns;
  return json;
}

Json batches_json(const std::map<std::uint64_t, serving::DurationTotal>& batches) {
  Json list = Json::array();
  for (const auto& [size, infer] : batches) {
    Json entry;
    entry["batch_size"] = size;
    // How long these take is measured per request, not per size of batch.
    entry["compute_input"] = duration_json({infer.count, 0});
    entry["compute_infer"] = duration_json(infer);
    entry["compute_output"] = duration_json({infer.count, 0});
    list.push_back(std::move(entry));
  }
  return list;
}

Json responses_json(const std::map<std::uint64_t, serving::ResponseTotals>& responses) {
  Json by_index = Json::object();
  for (const auto& [index, totals] : responses) {
    Json entry;
    entry["compute_infer"] = duration_json(totals.compute_infer);
    entry["compute_output"] = duration_json(totals.compute_output);
    entry["success"] = duration_json(totals.success);
    entry["fail"] = duration_json(totals.fail);
    entry["empty_response"] = duration_json(totals.empty);
    entry["cancel"] = duration_json(totals.cancel);
    by_index[std::to_string(index)] = std::move(entry);
  }
  return by_index;
}

Json statistics_json(const serving::VersionStatistics& one) {
  const serving::StatisticsSnapshot& figures = one.statistics;
  Json inference;
  inference["success"] = duration_json(figures.success);
  inference["fail"] = duration_json(figures.fail);
  inference["queue"] = duration_json(figures.queue);
  inference["compute_input"] = duration_json(figures.compute_input);
  inference["compute_infer"] = duration_json(figures.compute_infer);
  inference["compute_output"] = duration_json(figures.compute_output);
  inference["cache_hit"] = duration_json(figures.cache_hit);
  inference["cache_miss"] = duration_json(figures.cache_miss);
  Json json;
  json["name"] = one.name;
  json["version"] = std::to_string(one.version);
  json["last_inference"] = figures.last_inference_ms;
  json["inference_count"] = figures.inference_count;
  json["execution_count"] = figures.execution_count;
  json["inference_stats"] = std::move(inference);
  json["response_stats"] = responses_json(figures.responses);
  json["batch_stats"] = batches_json(figures.batches);
  json["memory_usage"] = Json::array();
  return json;
}

Error wrong(std::string_view field, std::string_view expected, const Json& got) {
  return must_be("request", field, expected, in_quotes(to_text(got)));
}

/// The object in the body; an empty one for an empty body.
Result<Json> object_of(std::string_view body) {
  if (body.empty()) {
    return Json(Json::object());
  }
  Result<Json> json = parse_json(body);
  if (!json) {
    return no_json(body, json.error());
  }
  if (!json->is_object()) {
    return wrong("the request", "a JSON object", *json);
  }
  return json;
}

/// The object under "parameters"; an empty one where there is none.
Result<Json> parameters_of(std::string_view body) {
  AION_TRY(const Json json, object_of(body));
  const auto found = json.find("parameters");
  if (found == json.end()) {
    return Json(Json::object());
  }
  if (!found->is_object()) {
    return wrong("parameters", "an object", *found);
  }
  return Json(*found);
}

}  // namespace

std::span<const std::string_view> extensions() {
  return kExtensions;
}

std::string_view to_string(serving::VersionState state) {
  switch (state) {
    case serving::VersionState::Loading:
      return "LOADING";
    case serving::VersionState::Ready:
      return "READY";
    case serving::VersionState::Unloading:
      return "UNLOADING";
    case serving::VersionState::Unavailable:
      break;
  }
  return "UNAVAILABLE";
}

std::string server_metadata_text(std::string_view name, std::string_view version) {
  Json json;
  json["name"] = name;
  json["version"] = version;
  json["extensions"] = kExtensions;
  return to_text(json);
}

std::string model_metadata_text(const serving::ModelMetadata& metadata) {
  Json versions = Json::array();
  for (const std::int64_t version : metadata.versions) {
    versions.push_back(std::to_string(version));
  }
  Json json;
  json["name"] = metadata.name;
  json["versions"] = std::move(versions);
  json["platform"] = metadata.platform;
  json["inputs"] = tensors_json(metadata.signature.inputs);
  json["outputs"] = tensors_json(metadata.signature.outputs);
  return to_text(json);
}

std::string statistics_text(const std::vector<serving::VersionStatistics>& all) {
  Json list = Json::array();
  for (const serving::VersionStatistics& one : all) {
    list.push_back(statistics_json(one));
  }
  Json json;
  json["model_stats"] = std::move(list);
  return to_text(json);
}

std::string index_text(const std::vector<serving::IndexRow>& rows) {
  Json list = Json::array();
  for (const serving::IndexRow& row : rows) {
    Json entry;
    entry["name"] = row.name;
    if (row.version != 0) {
      entry["version"] = std::to_string(row.version);
    }
    // A model that was never loaded has a name and nothing else, unless there is a reason.
    if (row.version != 0 || !row.reason.empty()) {
      entry["state"] = to_string(row.state);
    }
    if (!row.reason.empty()) {
      entry["reason"] = row.reason;
    }
    list.push_back(std::move(entry));
  }
  return to_text(list);
}

Result<std::optional<catalog::Override>> checked_override(catalog::Override given,
                                                          bool has_config) {
  if (!has_config && !given.files.empty()) {
    return Error{Code::InvalidArgument,
                 "Load parameter 'config' must be specified for model file override"};
  }
  return has_config ? std::optional(std::move(given)) : std::nullopt;
}

Result<bool> read_index_body(std::string_view body) {
  AION_TRY(const Json json, object_of(body));
  const auto ready = json.find("ready");
  if (ready == json.end()) {
    return false;
  }
  if (!ready->is_boolean()) {
    return wrong("ready", "true or false", *ready);
  }
  return ready->get<bool>();
}

Result<std::optional<catalog::Override>> read_load_body(std::string_view body) {
  AION_TRY(const Json parameters, parameters_of(body));
  catalog::Override given;
  for (const auto& [key, value] : parameters.items()) {
    const bool is_file = key.starts_with(kFilePrefix);
    if (key != "config" && !is_file) {
      return must_be("parameters", "a load parameter", "'config' or 'file:<path>'", in_quotes(key));
    }
    if (!value.is_string()) {
      return wrong("parameters." + key, "a string", value);
    }
    const auto& text = value.get_ref<const std::string&>();
    if (!is_file) {
      given.config = text;
      continue;
    }
    auto content = from_base64(text);
    if (!content) {
      return in_context("parameters." + key, std::move(content).error());
    }
    given.files[key.substr(kFilePrefix.size())] = *std::move(content);
  }
  return checked_override(std::move(given), parameters.contains("config"));
}

Result<void> check_unload_body(std::string_view body) {
  AION_TRY(const Json parameters, parameters_of(body));
  for (const auto& [key, value] : parameters.items()) {
    if (key != "unload_dependents") {
      return must_be("parameters", "an unload parameter", "'unload_dependents'", in_quotes(key));
    }
    if (!value.is_boolean()) {  // accepted, and nothing follows: no model depends on another
      return wrong("parameters.unload_dependents", "true or false", value);
    }
  }
  return {};
}

}  // namespace aion::kserve
