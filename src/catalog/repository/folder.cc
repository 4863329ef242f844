#include "catalog/repository/folder.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "catalog/repository/model_folder.h"

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

Result<Model> read_model(std::string_view name, const std::vector<Place>& places) {
  if (places.size() > 1) {
    std::string text =
        "model '" + std::string(name) + "' is there " + std::to_string(places.size()) + " times:";
    for (const Place& place : places) {
      text += " '" + (place.root / name).string() + (place.is_file ? ".onnx'" : "'");
    }
    return Error{Code::InvalidArgument, text + "; expected once"};
  }
  const Place& place = places.front();
  return place.is_file ? read_model_file(place.root, name) : read_model_folder(place.root, name);
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

Result<Model> FolderRepository::find(std::string_view name) const {
  if (!is_plain_name(name)) {
    return Error{Code::InvalidArgument,
                 "model name '" + std::string(name.substr(0, kMaxNameBytes)) +
                     "' is no plain file name: expected 1 to 255 bytes without '/' that do not "
                     "begin with '.'"};
  }
  std::vector<Place> places;
  for (const fs::path& root : roots_) {
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
  return read_model(name, places);
}

}  // namespace aion::catalog
