#include "catalog/repository/model_folder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "catalog/repository/fingerprint.h"
#include "catalog/repository/settings.h"

namespace aion::catalog {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxConfigBytes = 1U << 20U;
constexpr std::size_t kMaxLabelBytes = 16U << 20U;
constexpr std::string_view kConfigName = "config.pbtxt";
constexpr std::string_view kOnnxName = "model.onnx";
// What the backend openvino reads: the first that a version folder holds. A folder without a
// configuration that holds no model.onnx is its, too.
constexpr std::array<std::string_view, 4> kOpenvinoNames = {
    "model.xml", kOnnxName, "model.savedmodel", "model.tflite"};

Error wrong(std::string_view model, const std::string& message) {
  return Error{Code::InvalidArgument, "model '" + std::string(model) + "': " + message};
}

/// The path without links, or an error when it leaves the root or cannot be read. Guards against a
/// link in a repository that shows clients a file from elsewhere.
Result<fs::path> below(const fs::path& root, const fs::path& path, std::string_view model) {
  std::error_code failed;
  fs::path real = fs::canonical(path, failed);
  if (failed) {
    return wrong(model, "cannot read '" + path.string() + "': " + failed.message());
  }
  const auto [root_end, rest] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (root_end != root.end()) {
    return wrong(model, "'" + path.string() + "' is a link out of the model repository");
  }
  return real;
}

Result<std::string> read_config(const fs::path& path, std::string_view model) {
  std::error_code failed;
  if (!fs::is_regular_file(path, failed)) {
    return wrong(model, "config.pbtxt is no regular file");
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxConfigBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || !(file || file.eof())) {
    return wrong(model, "cannot read config.pbtxt");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxConfigBytes) {
    return wrong(model, "config.pbtxt is larger than the limit of 1 MiB");
  }
  return text;
}

Result<Settings> settings_in(const fs::path& root, const fs::path& folder, std::string_view model) {
  std::error_code failed;
  if (!fs::exists(fs::symlink_status(folder / kConfigName, failed))) {
    return Settings{};
  }
  AION_TRY(const fs::path path, below(root, folder / kConfigName, model));
  AION_TRY(const std::string text, read_config(path, model));
  return read_settings(text, model);
}

/// The names of the classes, one per line, of every output that has a file of them.
Result<std::map<std::string, std::vector<std::string>>> read_labels(const fs::path& root,
                                                                    const fs::path& folder,
                                                                    std::string_view model,
                                                                    const Settings& settings) {
  std::map<std::string, std::vector<std::string>> labels;
  for (const auto& [output, name] : settings.label_files) {
    AION_TRY(const fs::path path, below(root, folder / name, model));
    auto text = read_file(path, kMaxLabelBytes);
    if (!text) {
      return in_context(
          "model '" + std::string(model) + "': label_filename of output '" + output + "'",
          std::move(text).error());
    }
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
      if (line.ends_with('\r')) {
        line.pop_back();
      }
      labels[output].push_back(line);
    }
  }
  return labels;
}

/// Makes the names of warm-up files paths.
Result<void> find_warmup_files(const fs::path& root,
                               const fs::path& folder,
                               std::string_view model,
                               Settings& settings) {
  for (Warmup& warmup : settings.warmups) {
    for (auto& [name, input] : warmup.inputs) {
      if (input.data == WarmupInput::Data::File) {
        AION_TRY(input.file, below(root, folder / "warmup" / input.file, model));
      }
    }
  }
  return {};
}

/// 0 for a name that is no version: not decimal, a leading zero, or too large.
std::int64_t version_number(const std::string& name) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_whole = failed == std::errc() && end == name.data() + name.size();
  return is_whole && name.front() >= '1' && name.front() <= '9' ? number : 0;
}

struct FolderContents {
  std::vector<std::int64_t> versions;  // ascending
  std::vector<fs::path> onnx_files;    // directly in the folder
};

Result<FolderContents> list(const fs::path& folder, std::string_view model) {
  FolderContents contents;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code unreadable;
    const std::string name = entry->path().filename().string();
    const std::int64_t version = version_number(name);
    if (version > 0 && entry->is_directory(unreadable)) {
      contents.versions.push_back(version);
    } else if (name.front() != '.' && entry->path().extension() == ".onnx" &&
               entry->is_regular_file(unreadable)) {
      contents.onnx_files.push_back(entry->path());
    }
  }
  if (failed) {
    return wrong(model, "cannot read '" + folder.string() + "': " + failed.message());
  }
  std::ranges::sort(contents.versions);
  return contents;
}

ModelVersion version_of(const Settings& settings,
                        std::string_view model,
                        std::int64_t number,
                        fs::path path) {
  ModelVersion version;
  version.name = model;
  version.number = number;
  version.backend = settings.backend;
  version.platform = settings.platform.empty() ? platform_of(settings.backend) : settings.platform;
  version.path = std::move(path);
  version.signature = settings.signature;
  version.max_batch_size = settings.max_batch_size;
  version.is_decoupled = settings.is_decoupled;
  version.is_cached = settings.is_cached;
  version.batching = settings.batching;
  version.timing = settings.timing;
  version.instances = settings.instances;
  version.warmups = settings.warmups;
  version.metric_tags = settings.metric_tags;
  version.labels = settings.labels;
  version.parameters = settings.parameters;
  version.configuration = settings.configuration;
  // What lies beside the model file in a version's folder belongs to it: weights, labels.
  const bool is_in_folder = version.path.parent_path().filename() == std::to_string(number);
  version.fingerprint = fingerprint_of(is_in_folder ? version.path.parent_path() : version.path,
                                       settings.configuration);
  return version;
}

/// The folder's only .onnx file as version 1, for a model without version folders.
Result<Model> flat_model(const fs::path& root,
                         const FolderContents& contents,
                         Settings settings,
                         std::string_view name) {
  if (settings.backend.empty()) {
    settings.backend = "onnx";
  }
  if (contents.onnx_files.size() != 1 || settings.backend != "onnx") {
    const std::string count = std::to_string(contents.onnx_files.size());
    const std::string wanted = settings.backend == "onnx"
                                   ? std::string(name) + "/1/" + std::string(kOnnxName)
                                   : "a version folder " + std::string(name) + "/1";
    return wrong(name, "no version folder and " + count + " .onnx files, expected " + wanted);
  }
  AION_TRY(fs::path file, below(root, contents.onnx_files.front(), name));
  return Model{std::string(name), {version_of(settings, name, 1, std::move(file))}};
}

bool is_there(const fs::path& path) {
  std::error_code failed;
  return fs::exists(fs::symlink_status(path, failed));
}

/// The backend for version folders without a configuration: onnx, or openvino where only it can
/// read what lies there.
std::string backend_for(const fs::path& folder, const FolderContents& contents) {
  bool is_openvino = false;
  for (const std::int64_t version : contents.versions) {
    const fs::path inside = folder / std::to_string(version);
    if (is_there(inside / kOnnxName)) {
      return "onnx";
    }
    // A model.onnx that comes between the two looks is onnx's all the same.
    is_openvino = is_openvino || std::ranges::any_of(kOpenvinoNames, [&](std::string_view name) {
                    return name != kOnnxName && is_there(inside / name);
                  });
  }
  return is_openvino ? "openvino" : "onnx";
}

/// The name of what a version's folder must hold, for a backend that opens files.
std::string file_name_in(const fs::path& folder, const Settings& settings) {
  if (!settings.file_name.empty()) {
    return settings.file_name;
  }
  if (settings.backend == "openvino") {
    for (const std::string_view name : kOpenvinoNames) {
      if (is_there(folder / name)) {
        return std::string(name);
      }
    }
    return std::string(kOpenvinoNames.front());
  }
  return std::string(kOnnxName);
}

/// The same for a message.
std::string wanted_file(const Settings& settings) {
  if (!settings.file_name.empty() || settings.backend != "openvino") {
    return "the file '" + file_name_in({}, settings) + "'";
  }
  std::string names;
  for (const std::string_view name : kOpenvinoNames) {
    names.append(names.empty() ? "any of " : ", ").append(name);
  }
  return names;
}

/// What a model is made of beside the file that is opened: the weights of a model.xml, all that a
/// SavedModel folder holds. None may be a link out of the repository.
Result<void> check_parts(const fs::path& root, const fs::path& artifact, std::string_view model) {
  const fs::path weights = fs::path(artifact).replace_extension(".bin");
  if (artifact.extension() == ".xml" && is_there(weights)) {
    AION_TRY_VOID(below(root, weights, model));
  }
  std::error_code failed;
  if (!fs::is_directory(artifact, failed)) {
    return {};
  }
  for (fs::recursive_directory_iterator entry(artifact, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    AION_TRY_VOID(below(root, entry->path(), model));
  }
  return failed ? Result<void>(
                      wrong(model, "cannot read '" + artifact.string() + "': " + failed.message()))
                : Result<void>();
}

/// What the backend opens in a version's folder: a file for onnx, a file or a folder for openvino,
/// the version's folder itself for others. An empty path when it is not there.
Result<fs::path> artifact_in(const fs::path& root,
                             const fs::path& folder,
                             const Settings& settings,
                             std::string_view model) {
  const bool has_files = settings.backend == "onnx" || settings.backend == "openvino";
  if (!has_files && settings.file_name.empty()) {
    return below(root, folder, model);
  }
  const fs::path file = folder / file_name_in(folder, settings);
  if (!is_there(file)) {
    return fs::path();
  }
  AION_TRY(fs::path real, below(root, file, model));
  if (settings.backend == "openvino") {
    AION_TRY_VOID(check_parts(root, real, model));
  }
  return real;
}

}  // namespace

Result<Model> read_model_file(const fs::path& root,
                              std::string_view name,
                              const std::optional<Settings>& given) {
  Settings settings = given.value_or(Settings{});
  settings.backend = settings.backend.empty() ? "onnx" : settings.backend;
  AION_TRY(fs::path file, below(root, root / (std::string(name) + ".onnx"), name));
  return Model{std::string(name), {version_of(settings, name, 1, std::move(file))}};
}

Result<Model> read_model_folder(const fs::path& root,
                                std::string_view name,
                                const std::optional<Settings>& given) {
  AION_TRY(const fs::path folder, below(root, root / name, name));
  AION_TRY(Settings settings, given ? Result<Settings>(*given) : settings_in(root, folder, name));
  AION_TRY_VOID(find_warmup_files(root, folder, name, settings));
  AION_TRY(settings.labels, read_labels(root, folder, name, settings));
  AION_TRY(const FolderContents contents, list(folder, name));
  if (contents.versions.empty()) {
    return flat_model(root, contents, std::move(settings), name);
  }
  if (settings.backend.empty()) {
    settings.backend = backend_for(folder, contents);
  }
  std::vector<std::int64_t> present;
  std::vector<fs::path> artifacts;
  for (const std::int64_t version : contents.versions) {
    AION_TRY(fs::path artifact,
             artifact_in(root, folder / std::to_string(version), settings, name));
    if (!artifact.empty()) {
      present.push_back(version);
      artifacts.push_back(std::move(artifact));
    }
  }
  Model model{std::string(name), {}};
  for (const std::int64_t version : wanted_versions(present, settings.versions)) {
    const auto at = std::ranges::lower_bound(present, version) - present.begin();
    model.versions.push_back(
        version_of(settings, name, version, artifacts[static_cast<std::size_t>(at)]));
  }
  if (present.empty()) {
    return wrong(name, "no version folder holds " + wanted_file(settings));
  }
  if (model.versions.empty()) {
    return wrong(name,
                 "none of the versions that version_policy of config.pbtxt asks for is there");
  }
  return model;
}

}  // namespace aion::catalog
