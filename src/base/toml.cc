#include "base/toml.h"

#include <sstream>
#include <string>

#include <toml++/toml.h>

namespace aion {

namespace {

Json json_of(const toml::node& node);

Json json_of(const toml::table& table) {
  Json json = Json::object();
  for (const auto& [key, value] : table) {
    json[std::string(key.str())] = json_of(value);
  }
  return json;
}

Json json_of(const toml::array& array) {
  Json json = Json::array();
  for (const toml::node& value : array) {
    json.push_back(json_of(value));
  }
  return json;
}

Json json_of(const toml::node& node) {
  if (const auto* const table = node.as_table()) {
    return json_of(*table);
  }
  if (const auto* const array = node.as_array()) {
    return json_of(*array);
  }
  if (const auto* const text = node.as_string()) {
    return text->get();
  }
  if (const auto* const whole = node.as_integer()) {
    const std::int64_t number = whole->get();
    return number < 0 ? Json(number) : Json(static_cast<std::uint64_t>(number));
  }
  if (const auto* const real = node.as_floating_point()) {
    return real->get();
  }
  if (const auto* const flag = node.as_boolean()) {
    return flag->get();
  }
  std::ostringstream text;
  node.visit([&](const auto& value) {
    if constexpr (toml::is_date<decltype(value)> || toml::is_time<decltype(value)> ||
                  toml::is_date_time<decltype(value)>) {
      text << value.get();
    }
  });
  return text.str();
}

}  // namespace

Result<Json> parse_toml(std::string_view text) {
  try {
    return json_of(toml::parse(text));
  } catch (const toml::parse_error& fault) {
    const toml::source_position at = fault.source().begin;
    return Error{Code::InvalidArgument,
                 "line " + std::to_string(at.line) + ", column " + std::to_string(at.column) +
                     ": " + std::string(fault.description())};
  }
}

}  // namespace aion
