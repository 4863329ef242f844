// The settings of the program: each with a default, a TOML key, an environment variable and a flag.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace aion {

/// One setting as people see it. Key "http.port" is the flag --http-port and the variable
/// AION_HTTP_PORT.
struct Setting {
  std::string key;
  std::string help;
  std::string value;  // as text, after everything that has been applied
  std::string origin =
      "default";  // "default", "file aion.toml", "environment AION_HTTP_PORT", "flag --http-port"
  bool is_switch = false;  // a bool: the flag may stand alone
};

/// Binds keys to the fields of Config structs and fills them from a TOML file, the environment and
/// flags; later ones win. A key that does not exist is an error with the nearest known one.
class ConfigTable {
 public:
  void bind(std::string key, bool& target, std::string help);
  void bind(std::string key, std::string& target, std::string help);
  void bind(std::string key, std::filesystem::path& target, std::string help);
  /// A list: TOML array; in the environment and in flags separated by commas; a flag may also be
  /// repeated.
  void bind(std::string key, std::vector<std::string>& target, std::string help);
  void bind(std::string key, std::uint16_t& target, std::string help);
  void bind(std::string key, std::size_t& target, std::string help);
  /// The key names the unit: it ends in _ms or _us.
  void bind(std::string key, std::chrono::milliseconds& target, std::string help);
  void bind(std::string key, std::chrono::microseconds& target, std::string help);
  /// A whole number of bytes.
  void bind(std::string key, Bytes& target, std::string help);

  /// NotFound when the file does not exist; InvalidArgument with line and column for what it cannot
  /// read.
  [[nodiscard]] Result<void> apply_file(const std::filesystem::path& file);
  /// Every AION_... variable of `environment` ("NAME=value" lines, like environ). Unknown AION_
  /// names are errors, but for those in `other`.
  [[nodiscard]] Result<void> apply_environment(const char* const* environment,
                                               const std::vector<std::string>& other);
  /// One flag without its dashes: "http-port".
  [[nodiscard]] Result<void> apply_flag(std::string_view flag, const std::string& value);

  [[nodiscard]] bool is_switch(std::string_view flag) const;
  [[nodiscard]] const std::vector<Setting>& settings() const { return settings_; }

  [[nodiscard]] static std::string flag_of(std::string_view key);
  [[nodiscard]] static std::string variable_of(std::string_view key);

 private:
  using Assign = std::function<Result<void>(const std::string& text, bool is_first)>;
  void add(std::string key, std::string help, std::string value, Assign assign);
  [[nodiscard]] Result<void> assign(std::size_t index,
                                    const std::vector<std::string>& values,
                                    std::string origin);
  [[nodiscard]] Error unknown(std::string_view what,
                              std::string_view name,
                              std::string (*form)(std::string_view)) const;

  std::vector<Setting> settings_;
  std::vector<Assign> assigns_;
};

/// What people write for a switch: true, 1, yes, on; false, 0, no, off.
[[nodiscard]] Result<bool> parse_switch(const std::string& text);

/// The word of `known` with the fewest edits to `word`; empty when none is near.
[[nodiscard]] std::string nearest_word(std::string_view word,
                                       const std::vector<std::string>& known);

/// "there is no policy 'eazy'; did you mean 'easy'?; there are fcfs, easy" for the kind "policy".
[[nodiscard]] Error unknown_word(std::string_view kind,
                                 std::string_view word,
                                 const std::vector<std::string>& known);

}  // namespace aion
