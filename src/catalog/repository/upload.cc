#include "catalog/repository/upload.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>

namespace aion::catalog {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostFiles = 1'000;
constexpr std::size_t kMostPathBytes = 1'000;

bool is_plain(const fs::path& part) {
  return !part.empty() && part != "." && part != ".." && part != "/";
}

Result<void> check_path(const std::string& path) {
  const fs::path parts(path);
  const bool is_good = !path.empty() && path.size() <= kMostPathBytes &&
                       path.find('\0') == std::string::npos && !parts.is_absolute() &&
                       std::all_of(parts.begin(), parts.end(), is_plain);
  if (!is_good) {
    return Error{Code::InvalidArgument,
                 "file '" + path.substr(0, kMostPathBytes) +
                     "': expected a path below the model's folder, e.g. '1/model.onnx'"};
  }
  return {};
}

Error cannot_write(const fs::path& file, std::error_code why) {
  return Error{Code::Unavailable,
               "cannot write the file '" + file.filename().string() + "': " + why.message()};
}

Result<void> write_file(const fs::path& file, const std::string& content) {
  std::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  if (failed) {
    return cannot_write(file, failed);
  }
  errno = 0;
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  return out ? Result<void>() : cannot_write(file, std::error_code(errno, std::generic_category()));
}

}  // namespace

Result<std::shared_ptr<const Upload>> Upload::write(
    const fs::path& uploads,
    std::string_view model,
    const std::map<std::string, std::string>& files) {
  if (files.size() > kMostFiles) {
    return Error{Code::InvalidArgument,
                 "expected at most " + std::to_string(kMostFiles) + " files, got " +
                     std::to_string(files.size())};
  }
  for (const auto& [path, content] : files) {
    AION_TRY_VOID(check_path(path));
  }
  std::error_code failed;
  fs::create_directories(uploads, failed);
  const fs::path real = failed ? fs::path() : fs::canonical(uploads, failed);
  if (failed) {
    return cannot_write(uploads, failed);
  }
  std::string name = (real / "load-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    return cannot_write(name, std::error_code(errno, std::generic_category()));
  }
  const std::shared_ptr<const Upload> upload(new Upload(name));
  for (const auto& [path, content] : files) {
    AION_TRY_VOID(write_file(upload->root() / model / path, content));
  }
  return upload;
}

Upload::~Upload() {
  std::error_code ignored;  // what is left is removed at the next start
  fs::remove_all(root_, ignored);
}

}  // namespace aion::catalog
