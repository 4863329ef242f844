// What a config.pbtxt says about a model, in the house's words.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/model/model.h"

namespace aion::catalog {

/// Which of the versions that lie in the repository are wanted.
struct VersionPolicy {
  enum class Kind : std::uint8_t { Latest, All, Specific };
  Kind kind = Kind::Latest;
  std::uint32_t latest = 1;            // Latest: how many of the highest
  std::vector<std::int64_t> specific;  // Specific: exactly these, as far as they are there
};

/// The wanted ones of `present` (ascending), ascending.
[[nodiscard]] std::vector<std::int64_t> wanted_versions(std::span<const std::int64_t> present,
                                                        const VersionPolicy& policy);

/// Everything left out has the value of an absent config.pbtxt.
struct Settings {
  std::string backend;    // a name of runtime/backends.cc; empty = to be told from the files
  std::string platform;   // what clients are told; empty = to be told from the backend
  std::string file_name;  // of the model inside a version's folder; empty = the backend's usual one
  Signature signature;    // batched shapes have their leading -1 already
  std::int64_t max_batch_size = 0;  // 0 = no batching
  bool is_decoupled = false;
  bool is_cached = false;
  VersionPolicy versions;
  Batching batching;
  Timing timing;
  std::uint32_t instances = 0;  // runs at once; 0 = as many as the device has slots
  std::vector<Warmup> warmups;  // files are names in the folder "warmup" of the model
  std::map<std::string, std::string> metric_tags;
  std::map<std::string, std::string> label_files;          // by output: names in the model's folder
  std::map<std::string, std::vector<std::string>> labels;  // what they hold, once they are read
  std::map<std::string, std::string> parameters;
  std::string configuration;  // the whole message, serialised
};

/// The platform that clients are told for a backend: "onnxruntime_onnx" for "onnx", else the
/// backend's own name.
[[nodiscard]] std::string platform_of(std::string_view backend);

/// Reads the text of a config.pbtxt: protobuf text format of inference.ModelConfig.
///
/// model    the folder's name, with which a `name` in the text must agree
/// fails    InvalidArgument with line and column of what is no text format, or with the field that
/// has a wrong value or is
///          known but not served yet
[[nodiscard]] Result<Settings> read_settings(std::string_view text, std::string_view model);

/// The same from protobuf's JSON mapping, in which a client gives a configuration.
[[nodiscard]] Result<Settings> read_json_settings(std::string_view json, std::string_view model);

}  // namespace aion::catalog
