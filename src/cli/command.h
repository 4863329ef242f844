// The table of commands: parsing, help text and shell completion come from it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace aion::cli {

/// 0 done, 1 failed, 2 wrong use.
enum class Exit : int { Done = 0, Failed = 1, WrongUse = 2 };

/// A flag of a command. One with a value takes `--name VALUE` and `--name=VALUE`, a switch `--name`
/// and `--name=false`.
struct Option {
  std::string name;   // without dashes: "json"
  std::string value;  // what the value is, in capitals: "FILE"; empty = a switch
  std::string help;
  bool is_repeatable = false;
};

/// What a command was given.
class Arguments {
 public:
  std::vector<std::string> words;  // those that are no flags
  std::vector<std::pair<std::string, std::string>>
      flags;  // in order, with values; a switch has "true" or "false"

  /// Whether that switch is on.
  [[nodiscard]] bool has(std::string_view name) const { return value(name) == "true"; }
  /// The last value of that flag.
  [[nodiscard]] std::optional<std::string> value(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
};

struct Command {
  std::string name;       // "up", "model load"
  std::string arguments;  // for the help: "MODEL", "[MODEL]", ""
  std::size_t least_words = 0;
  std::size_t most_words = 0;
  std::string summary;  // one line
  std::vector<Option> options;
  std::function<Exit(const Arguments&)> run;
  bool is_hidden = false;  // not in help or completion
};

/// Prints `words` to stderr as "aion: words".
void say_error(std::string_view words);

/// The program: all commands, and what people do with them.
class Program {
 public:
  void add(Command command);
  void add(std::vector<Command> commands);

  /// Runs the command that the words name. Prints help for --help, `help` and wrong use.
  [[nodiscard]] Exit run(const std::vector<std::string>& words) const;

  /// A completion script for bash or zsh; InvalidArgument for another shell.
  [[nodiscard]] Result<std::string> completion(std::string_view shell) const;

 private:
  [[nodiscard]] const Command* find(const std::vector<std::string>& words, std::size_t& used) const;
  [[nodiscard]] Exit wrong_use(const std::vector<std::string>& words) const;
  [[nodiscard]] bool has_noun(const std::string& noun) const;
  /// The commands that begin with `noun`; all for an empty one.
  [[nodiscard]] std::string overview(const std::string& noun) const;
  [[nodiscard]] static std::string help_of(const Command& command);

  std::vector<Command> commands_;
};

}  // namespace aion::cli
