#include "catalog/repository/folder.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "catalog/repository/model_folder.h"
#include "catalog/repository/upload.h"

namespace aion::catalog {

namespace fs = std::filesystem;

namespace {

/// Where a model lies: in which root, and whether it is a bare file or a folder.
struct Place {
  fs::path root;  // canonical
  bool is_file = false;
};

constexpr std::size_t kMaxNameBytes = 255;  // NAME_MAX of Linux

bool is_plain_name(std::string_view name) {
  const bool has_separator =
      name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos;
  return !name.empty() && name.size() <= kMaxNameBytes && name.front() != '.' && !has_separator;
}

Result<fs::path> canonical_root(const fs::path& root) {
  std::error_code failed;
  fs::path real = fs::canonical(root, failed);
  if (failed) {
    return Error{Code::NotFound,
                 "cannot read the model repository '" + root.string() + "': " + failed.message()};
  }
  if (!fs::is_directory(real, failed)) {
    return Error{Code::InvalidArgument,
                 "the model repository '" + root.string() + "' is no folder"};
  }
  return real;
}

Result<Model> read_model(std::string_view name,
                         const std::vector<Place>& places,
                         const std::optional<Settings>& settings = std::nullopt) {
  if (places.size() > 1) {
    std::string text =
        "model '" + std::string(name) + "' is there " + std::to_string(places.size()) + " times:";
    for (const Place& place : places) {
      text += " '" + (place.root / name).string() + (place.is_file ? ".onnx'" : "'");
    }
    return Error{Code::InvalidArgument, text + "; expected once"};
  }
  const Place& place = places.front();
  return place.is_file ? read_model_file(place.root, name, settings)
                       : read_model_folder(place.root, name, settings);
}

using Places = std::map<std::string, std::vector<Place>>;

Result<void> list_root(const fs::path& root, Places& places) {
  std::error_code failed;
  for (fs::directory_iterator entry(root, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code unreadable;
    const fs::path name = entry->path().filename();
    if (!is_plain_name(name.string())) {
      continue;
    }
    if (entry->is_directory(unreadable)) {
      places[name.string()].push_back({root, false});
    } else if (name.extension() == ".onnx") {
      places[name.stem().string()].push_back({root, true});
    }
  }
  if (failed) {
    return Error{Code::Unavailable,
                 "cannot read the model repository '" + root.string() + "': " + failed.message()};
  }
  return {};
}

}  // namespace

Result<std::vector<Finding>> FolderRepository::scan() const {
  Places places;
  for (const fs::path& root : roots_) {
    AION_TRY(const fs::path real, canonical_root(root));
    AION_TRY_VOID(list_root(real, places));
  }
  std::vector<Finding> findings;
  findings.reserve(places.size());
  for (const auto& [name, where] : places) {
    findings.push_back({name, read_model(name, where)});
  }
  return findings;
}

namespace {

Result<void> check_name(std::string_view name) {
  if (is_plain_name(name)) {
    return {};
  }
  return Error{Code::InvalidArgument,
               "model name '" + std::string(name.substr(0, kMaxNameBytes)) +
                   "' is no plain file name: expected 1 to 255 bytes without '/' that do not "
                   "begin with '.'"};
}

/// Where the roots hold the name; NotFound when none does.
Result<std::vector<Place>> places_of(const std::vector<fs::path>& roots, std::string_view name) {
  std::vector<Place> places;
  for (const fs::path& root : roots) {
    AION_TRY(const fs::path real, canonical_root(root));
    std::error_code failed;
    if (fs::is_directory(real / name, failed)) {
      places.push_back({real, false});
    }
    const fs::path file = real / (std::string(name) + ".onnx");
    if (fs::exists(fs::symlink_status(file, failed)) && !fs::is_directory(file, failed)) {
      places.push_back({real, true});
    }
  }
  if (places.empty()) {
    return Error{Code::NotFound, "model '" + std::string(name) + "' is in no model repository"};
  }
  return places;
}

}  // namespace

Result<Model> FolderRepository::find(std::string_view name) const {
  AION_TRY_VOID(check_name(name));
  AION_TRY(const auto places, places_of(roots_, name));
  return read_model(name, places);
}

Result<Model> FolderRepository::overridden(std::string_view name, const Override& given) const {
  AION_TRY_VOID(check_name(name));
  AION_TRY(Settings settings, read_json_settings(given.config, name));
  if (given.files.empty()) {
    AION_TRY(const auto places, places_of(roots_, name));
    return read_model(name, places, settings);
  }
  if (uploads_.empty()) {
    return Error{Code::Unimplemented, "this repository takes no files from clients"};
  }
  AION_TRY(const auto upload, Upload::write(uploads_, name, given.files));
  AION_TRY(Model model, read_model_folder(upload->root(), name, settings));
  for (ModelVersion& version : model.versions) {
    version.files = upload;
  }
  return model;
}

}  // namespace aion::catalog
