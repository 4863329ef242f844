#include "serving/memory_book.h"

#include <algorithm>
#include <span>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"

namespace aion::serving {

namespace {

constexpr std::size_t kMostBytes = 16U << 20U;
constexpr std::size_t kMostEntries = 10'000;

}  // namespace

MemoryBook::MemoryBook(std::filesystem::path file) : file_(std::move(file)) {
  const auto text =
      file_.empty() ? Result<std::string>(std::string("{}")) : read_file(file_, kMostBytes);
  const auto json = text ? parse_json(*text) : Result<Json>(text.error());
  if (!json || !json->is_object()) {
    return;
  }
  for (const auto& [key, bytes] : json->items()) {
    if (bytes.is_number_unsigned() && bytes_.size() < kMostEntries) {
      bytes_[key] = bytes.get<std::uint64_t>();
    }
  }
}

std::string MemoryBook::key_of(const catalog::ModelVersion& version) {
  if (version.fingerprint.empty()) {
    return {};
  }
  Sha256 digest;
  const auto add = [&](const std::string& text) {
    const std::string sized = std::to_string(text.size()) + ":" + text;
    digest.add(std::as_bytes(std::span(sized)));
  };
  add(version.fingerprint);
  add(version.backend);
  for (const auto& [name, value] : version.parameters) {
    add(name);
    add(value);
  }
  return digest.finish();
}

std::optional<Bytes> MemoryBook::find(const catalog::ModelVersion& version) const {
  const std::scoped_lock lock(mutex_);
  const auto found = bytes_.find(key_of(version));
  return found == bytes_.end() ? std::nullopt : std::optional(Bytes{found->second});
}

Result<void> MemoryBook::keep(const catalog::ModelVersion& version, Bytes measured) {
  const std::string key = key_of(version);
  const std::scoped_lock lock(mutex_);
  const auto found = bytes_.find(key);
  if (key.empty() || (found != bytes_.end() && found->second >= measured.count)) {
    return {};
  }
  if (found == bytes_.end() && bytes_.size() >= kMostEntries) {
    bytes_.clear();  // files have changed ten thousand times: most of them are gone
  }
  bytes_[key] = measured.count;
  return file_.empty() ? Result<void>() : replace_file(file_, to_text(Json(bytes_)));
}

}  // namespace aion::serving
