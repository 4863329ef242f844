#include "base/config_table.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <numeric>
#include <sstream>
#include <utility>

#include <toml++/toml.h>

namespace aion {

namespace {

Error bad_value(std::string_view expected, const std::string& got) {
  return Error{Code::InvalidArgument, "expected " + std::string(expected) + ", got '" + got + "'"};
}

template <class Number>
Result<Number> parse_number(const std::string& text, std::string_view expected) {
  Number number{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) {
    return bad_value(expected, text);
  }
  return number;
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    if (!part.empty()) {
      parts.push_back(part);
    }
  }
  return parts;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() ? "" : ",") + part;
  }
  return text;
}

std::string replaced(std::string_view text, std::string_view from, char to) {
  std::string out(text);
  for (char& c : out) {
    if (from.find(c) != std::string_view::npos) {
      c = to;
    }
  }
  return out;
}

/// Levenshtein 1966.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
    }
  }
  return row.back();
}

/// The leaves of a TOML document as dotted keys with their values as text.
Result<void> flatten(const toml::table& table,
                     const std::string& prefix,
                     std::vector<std::pair<std::string, std::vector<std::string>>>& out) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const auto* inner = node.as_table()) {
      AION_TRY_VOID(flatten(*inner, name + ".", out));
      continue;
    }
    std::vector<std::string> values;
    const auto text_of = [](const toml::node& leaf) -> std::optional<std::string> {
      if (const auto text = leaf.value_exact<std::string>()) {
        return *text;
      }
      if (const auto whole = leaf.value_exact<std::int64_t>()) {
        return std::to_string(*whole);
      }
      if (const auto flag = leaf.value_exact<bool>()) {
        return *flag ? "true" : "false";
      }
      return std::nullopt;
    };
    if (const auto* list = node.as_array()) {
      for (const auto& element : *list) {
        const auto text = text_of(element);
        if (!text) {
          return Error{Code::InvalidArgument,
                       name + ": expected an array of text, whole numbers or booleans"};
        }
        values.push_back(*text);
      }
    } else if (const auto text = text_of(node)) {
      values.push_back(*text);
    } else {
      return Error{Code::InvalidArgument,
                   name + ": expected text, a whole number, a boolean or an array of them"};
    }
    out.emplace_back(name, std::move(values));
  }
  return {};
}

}  // namespace

Result<bool> parse_switch(const std::string& text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") {
    return true;
  }
  if (text == "false" || text == "0" || text == "no" || text == "off") {
    return false;
  }
  return bad_value("true or false", text);
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  std::string nearest;
  std::size_t best = std::max<std::size_t>(word.size() / 2, 2) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

Error unknown_word(std::string_view kind,
                   std::string_view word,
                   const std::vector<std::string>& known) {
  const std::string nearest = nearest_word(word, known);
  std::string message = "there is no " + std::string(kind) + " '" + std::string(word) + "'";
  message += nearest.empty() ? "; there are " : "; did you mean '" + nearest + "'?; there are ";
  for (std::size_t i = 0; i < known.size(); ++i) {
    message += (i == 0 ? "" : ", ") + known[i];
  }
  return {Code::InvalidArgument, std::move(message)};
}

std::string ConfigTable::flag_of(std::string_view key) {
  return replaced(key, "._", '-');
}

std::string ConfigTable::variable_of(std::string_view key) {
  std::string name = "AION_" + replaced(key, ".", '_');
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  return name;
}

void ConfigTable::add(std::string key, std::string help, std::string value, Assign assign) {
  settings_.push_back({std::move(key), std::move(help), std::move(value)});
  assigns_.push_back(std::move(assign));
}

void ConfigTable::bind(std::string key, bool& target, std::string help) {
  add(std::move(key),
      std::move(help),
      target ? "true" : "false",
      [&target](const std::string& text, bool) -> Result<void> {
        AION_TRY(target, parse_switch(text));
        return {};
      });
  settings_.back().is_switch = true;
}

void ConfigTable::bind(std::string key, std::string& target, std::string help) {
  add(std::move(key),
      std::move(help),
      target,
      [&target](const std::string& text, bool) -> Result<void> {
        target = text;
        return {};
      });
}

void ConfigTable::bind(std::string key, std::filesystem::path& target, std::string help) {
  add(std::move(key),
      std::move(help),
      target.string(),
      [&target](const std::string& text, bool) -> Result<void> {
        target = text;
        return {};
      });
}

void ConfigTable::bind(std::string key, std::vector<std::string>& target, std::string help) {
  add(std::move(key),
      std::move(help),
      joined(target),
      [&target](const std::string& text, bool is_first) -> Result<void> {
        if (is_first) {
          target.clear();
        }
        const auto parts = split_list(text);
        target.insert(target.end(), parts.begin(), parts.end());
        return {};
      });
}

void ConfigTable::bind(std::string key, std::uint16_t& target, std::string help) {
  add(std::move(key),
      std::move(help),
      std::to_string(target),
      [&target](const std::string& text, bool) -> Result<void> {
        AION_TRY(target, parse_number<std::uint16_t>(text, "a whole number from 0 to 65535"));
        return {};
      });
}

void ConfigTable::bind(std::string key, std::size_t& target, std::string help) {
  add(std::move(key),
      std::move(help),
      std::to_string(target),
      [&target](const std::string& text, bool) -> Result<void> {
        AION_TRY(target, parse_number<std::size_t>(text, "a whole number, 0 or more"));
        return {};
      });
}

void ConfigTable::bind(std::string key, std::chrono::milliseconds& target, std::string help) {
  add(std::move(key),
      std::move(help),
      std::to_string(target.count()),
      [&target](const std::string& text, bool) -> Result<void> {
        AION_TRY(const std::uint32_t count,
                 parse_number<std::uint32_t>(text, "a number of milliseconds, 0 or more"));
        target = std::chrono::milliseconds(count);
        return {};
      });
}

void ConfigTable::bind(std::string key, std::chrono::microseconds& target, std::string help) {
  add(std::move(key),
      std::move(help),
      std::to_string(target.count()),
      [&target](const std::string& text, bool) -> Result<void> {
        AION_TRY(const std::uint32_t count,
                 parse_number<std::uint32_t>(text, "a number of microseconds, 0 or more"));
        target = std::chrono::microseconds(count);
        return {};
      });
}

void ConfigTable::bind(std::string key, Bytes& target, std::string help) {
  add(std::move(key),
      std::move(help),
      std::to_string(target.count),
      [&target](const std::string& text, bool) -> Result<void> {
        AION_TRY(target.count, parse_number<std::uint64_t>(text, "a number of bytes, 0 or more"));
        return {};
      });
}

Result<void> ConfigTable::assign(std::size_t index,
                                 const std::vector<std::string>& values,
                                 std::string origin) {
  Setting& setting = settings_[index];
  const bool is_repeated_flag = setting.origin == origin && origin.starts_with("flag ");
  std::string shown = is_repeated_flag ? setting.value : "";
  bool is_first = !is_repeated_flag;
  for (const std::string& value : values) {
    if (auto assigned = assigns_[index](value, is_first); !assigned) {
      return in_context(setting.key + " (" + origin + ")", std::move(assigned).error());
    }
    shown += (shown.empty() ? "" : ",") + value;
    is_first = false;
  }
  setting.value = shown;
  setting.origin = std::move(origin);
  return {};
}

Error ConfigTable::unknown(std::string_view what,
                           std::string_view name,
                           std::string (*form)(std::string_view)) const {
  std::vector<std::string> known;
  for (const Setting& setting : settings_) {
    known.push_back(form(setting.key));
  }
  const std::string nearest = nearest_word(name, known);
  return Error{Code::InvalidArgument,
               "unknown " + std::string(what) + " '" + std::string(name) + "'" +
                   (nearest.empty() ? "; `aion config show` lists all"
                                    : "; did you mean '" + nearest + "'?")};
}

Result<void> ConfigTable::apply_file(const std::filesystem::path& file) {
  std::error_code unreadable;
  if (!std::filesystem::is_regular_file(file, unreadable)) {
    return Error{Code::NotFound, "no configuration file '" + file.string() + "'"};
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> leaves;
  try {
    AION_TRY_VOID(flatten(toml::parse_file(file.string()), "", leaves));
  } catch (const toml::parse_error& e) {
    std::ostringstream where;
    where << file.string() << ":" << e.source().begin.line << ":" << e.source().begin.column << ": "
          << e.description();
    return Error{Code::InvalidArgument, where.str()};
  }
  for (const auto& [key, values] : leaves) {
    const auto at = std::find_if(
        settings_.begin(), settings_.end(), [&](const Setting& s) { return s.key == key; });
    if (at == settings_.end()) {
      return in_context(file.string(),
                        unknown("key", key, [](std::string_view k) { return std::string(k); }));
    }
    AION_TRY_VOID(
        assign(static_cast<std::size_t>(at - settings_.begin()), values, "file " + file.string()));
  }
  return {};
}

Result<void> ConfigTable::apply_environment(const char* const* environment,
                                            const std::vector<std::string>& other) {
  for (; *environment != nullptr; ++environment) {
    const std::string_view line(*environment);
    const std::size_t equals = line.find('=');
    const std::string name(line.substr(0, equals));
    if (!name.starts_with("AION_") || equals == std::string_view::npos ||
        std::find(other.begin(), other.end(), name) != other.end()) {
      continue;
    }
    const auto at = std::find_if(settings_.begin(), settings_.end(), [&](const Setting& s) {
      return variable_of(s.key) == name;
    });
    if (at == settings_.end()) {
      return unknown("environment variable", name, variable_of);
    }
    const std::vector<std::string> values{std::string(line.substr(equals + 1))};
    AION_TRY_VOID(
        assign(static_cast<std::size_t>(at - settings_.begin()), values, "environment " + name));
  }
  return {};
}

Result<void> ConfigTable::apply_flag(std::string_view flag, const std::string& value) {
  const auto at = std::find_if(
      settings_.begin(), settings_.end(), [&](const Setting& s) { return flag_of(s.key) == flag; });
  if (at == settings_.end()) {
    Error error = unknown(
        "flag", "--" + std::string(flag), [](std::string_view key) { return "--" + flag_of(key); });
    return error;
  }
  return assign(
      static_cast<std::size_t>(at - settings_.begin()), {value}, "flag --" + std::string(flag));
}

bool ConfigTable::is_switch(std::string_view flag) const {
  return std::any_of(settings_.begin(), settings_.end(), [&](const Setting& setting) {
    return setting.is_switch && flag_of(setting.key) == flag;
  });
}

}  // namespace aion
