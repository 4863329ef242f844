#include "catalog/repository/fingerprint.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include <sys/stat.h>

namespace aion::catalog {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostFiles = 10'000;

std::optional<std::string> look_at(const fs::path& file) {
  struct stat seen {};
  if (::stat(file.c_str(), &seen) != 0) {
    return std::nullopt;
  }
  std::string text = file.string();
  for (const auto number : {static_cast<long>(seen.st_dev),
                            static_cast<long>(seen.st_ino),
                            static_cast<long>(seen.st_size),
                            static_cast<long>(seen.st_mtim.tv_sec),
                            static_cast<long>(seen.st_mtim.tv_nsec),
                            static_cast<long>(seen.st_ctim.tv_sec),
                            static_cast<long>(seen.st_ctim.tv_nsec)}) {
    text.append(" ").append(std::to_string(number));
  }
  return text;
}

/// Nothing when one cannot be looked at, or when there are too many.
std::optional<std::vector<std::string>> look_at_all(const fs::path& folder) {
  std::vector<std::string> all;
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    auto seen = look_at(entry->path());
    if (!seen || all.size() == kMostFiles) {
      return std::nullopt;
    }
    all.push_back(*std::move(seen));
  }
  if (failed) {
    return std::nullopt;
  }
  std::ranges::sort(all);
  return all;
}

}  // namespace

std::string fingerprint_of(const fs::path& path, std::string_view configuration) {
  std::error_code failed;
  std::optional<std::vector<std::string>> files;
  if (fs::is_directory(path, failed)) {
    files = look_at_all(path);
  } else if (auto file = look_at(path)) {
    files = {*std::move(file)};
  }
  if (!files) {
    return {};
  }
  std::size_t hash = std::hash<std::string_view>{}(configuration);
  std::string text = std::to_string(hash) + " " + std::to_string(files->size());
  for (const std::string& file : *files) {
    hash = hash * 31 + std::hash<std::string>{}(file);
  }
  text.append(" ").append(std::to_string(hash));
  return files->size() == 1 ? text + " " + files->front() : text;
}

}  // namespace aion::catalog
