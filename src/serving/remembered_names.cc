#include "serving/remembered_names.h"

#include <algorithm>

#include "base/file.h"
#include "base/json.h"

namespace aion::serving {

namespace {

constexpr std::size_t kMostBytes = 16U << 20U;

}  // namespace

Result<std::set<std::string>> RememberedNames::load() {
  const std::scoped_lock lock(mutex_);
  const auto text = read_file(file_, kMostBytes);
  if (!text && text.error().code == Code::NotFound) {
    return names_;
  }
  AION_TRY(const std::string content, text);
  const auto json = parse_json(content);
  const bool is_list = json && json->is_array() && std::ranges::all_of(*json, [](const Json& name) {
                         return name.is_string();
                       });
  if (!is_list) {
    return Error{
        Code::InvalidArgument,
        "'" + file_.string() + "' is no JSON list of model names; remove it to begin anew"};
  }
  for (const Json& name : *json) {
    names_.insert(name.get<std::string>());
  }
  return names_;
}

Result<void> RememberedNames::add(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  if (!names_.insert(name).second) {
    return {};
  }
  auto saved = save();
  if (!saved) {
    names_.erase(name);
  }
  return saved;
}

Result<void> RememberedNames::remove(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  if (names_.erase(name) == 0) {
    return {};
  }
  auto saved = save();
  if (!saved) {
    names_.insert(name);
  }
  return saved;
}

Result<void> RememberedNames::save() {
  return replace_file(file_, to_text(Json(names_)));
}

}  // namespace aion::serving
