#include "cli/command.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/config_table.h"

namespace aion::cli {

namespace {

constexpr std::size_t kHelpColumn = 34;

void print(std::FILE* stream, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stream);
}

std::string row(const std::string& left, const std::string& right) {
  std::string line = "  " + left;
  if (line.size() + 2 > kHelpColumn) {
    line += "\n" + std::string(kHelpColumn, ' ');
  } else {
    line.resize(kHelpColumn, ' ');
  }
  return line + right + "\n";
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

const Option* find_option(const Command& command, std::string_view name) {
  const auto at = std::find_if(command.options.begin(),
                               command.options.end(),
                               [&](const Option& option) { return option.name == name; });
  return at == command.options.end() ? nullptr : &*at;
}

Error unknown_flag(const Command& command, const std::string& name) {
  std::vector<std::string> known;
  for (const Option& option : command.options) {
    known.push_back(option.name);
  }
  const std::string nearest = nearest_word(name, known);
  return Error{Code::InvalidArgument,
               "unknown flag '--" + name + "'" +
                   (nearest.empty() ? "" : "; did you mean '--" + nearest + "'?")};
}

/// "--name=value" or "--name" taken apart.
struct Flag {
  std::string name;
  std::optional<std::string> value;
};

Flag flag_of(const std::string& word) {
  const std::size_t equals = word.find('=');
  const std::size_t dashes = word.starts_with("--") ? 2 : 1;
  if (equals == std::string::npos) {
    return {word.substr(dashes), std::nullopt};
  }
  return {word.substr(dashes, equals - dashes), word.substr(equals + 1)};
}

/// The value of a flag; one that wants a value and stands without it takes the next word.
Result<std::string> value_of(const Flag& flag, const Option& option, const std::string* next) {
  if (option.value.empty()) {
    const auto is_on = flag.value ? parse_switch(*flag.value) : Result<bool>(true);
    if (!is_on) {
      return in_context("--" + flag.name, is_on.error());
    }
    return std::string(*is_on ? "true" : "false");
  }
  if (flag.value) {
    return *flag.value;
  }
  if (next == nullptr) {
    return Error{Code::InvalidArgument,
                 "--" + flag.name + ": expected " + option.value + " behind it, got nothing"};
  }
  return *next;
}

Result<Arguments> parse(const Command& command, const std::vector<std::string>& given) {
  Arguments arguments;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string& word = given[i];
    if (word == "--") {  // what follows is no flag of ours, whatever it looks like
      arguments.words.insert(
          arguments.words.end(), given.begin() + static_cast<std::ptrdiff_t>(i) + 1, given.end());
      break;
    }
    if (word.size() < 2 || !word.starts_with("-")) {
      arguments.words.push_back(word);
      continue;
    }
    const Flag flag = flag_of(word);
    const Option* const option = find_option(command, flag.name);
    if (option == nullptr) {
      return unknown_flag(command, flag.name);
    }
    const std::string* const next = i + 1 < given.size() ? &given[i + 1] : nullptr;
    AION_TRY(std::string value, value_of(flag, *option, next));
    arguments.flags.emplace_back(flag.name, std::move(value));
    i += option->value.empty() || flag.value ? 0 : 1;
  }
  if (arguments.words.size() < command.least_words) {
    return Error{Code::InvalidArgument, "expected " + command.arguments + ", got nothing"};
  }
  if (arguments.words.size() > command.most_words) {
    return Error{Code::InvalidArgument, "unexpected '" + arguments.words[command.most_words] + "'"};
  }
  return arguments;
}

bool asks_for_help(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::any_of(
      words.begin(), end, [](const std::string& word) { return word == "--help" || word == "-h"; });
}

}  // namespace

std::optional<std::string> Arguments::value(std::string_view name) const {
  const auto at = std::find_if(
      flags.rbegin(), flags.rend(), [&](const auto& flag) { return flag.first == name; });
  return at == flags.rend() ? std::nullopt : std::optional(at->second);
}

std::vector<std::string> Arguments::values(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [flag, value] : flags) {
    if (flag == name) {
      found.push_back(value);
    }
  }
  return found;
}

void say_error(std::string_view words) {
  print(stderr, "aion: " + std::string(words) + "\n");
}

void Program::add(Command command) {
  commands_.push_back(std::move(command));
}

void Program::add(std::vector<Command> commands) {
  std::move(commands.begin(), commands.end(), std::back_inserter(commands_));
}

const Command* Program::find(const std::vector<std::string>& words, std::size_t& used) const {
  const Command* best = nullptr;
  used = 0;
  for (const Command& command : commands_) {
    const auto name = words_of(command.name);
    if (name.size() > used && name.size() <= words.size() &&
        std::equal(name.begin(), name.end(), words.begin())) {
      best = &command;
      used = name.size();
    }
  }
  return best;
}

bool Program::has_noun(const std::string& noun) const {
  return std::any_of(commands_.begin(), commands_.end(), [&](const Command& command) {
    return command.name.starts_with(noun);
  });
}

std::string Program::overview(const std::string& noun) const {
  std::string text = "Aion, the AI operating system.\n\nusage: aion COMMAND [flags]\n\ncommands:\n";
  for (const Command& command : commands_) {
    if (!command.is_hidden && command.name.starts_with(noun)) {
      text += row(command.name + (command.arguments.empty() ? "" : " " + command.arguments),
                  command.summary);
    }
  }
  return text + "\n`aion COMMAND --help` tells the flags of one command.\n";
}

std::string Program::help_of(const Command& command) {
  std::string text = command.summary + "\n\nusage: aion " + command.name +
                     (command.arguments.empty() ? "" : " " + command.arguments) +
                     (command.options.empty() ? "" : " [flags]") + "\n";
  if (!command.options.empty()) {
    text += "\nflags:\n";
  }
  for (const Option& option : command.options) {
    text += row("--" + option.name + (option.value.empty() ? "" : " " + option.value), option.help);
  }
  return text;
}

Exit Program::wrong_use(const std::vector<std::string>& words) const {
  std::vector<std::string> known;
  for (const Command& command : commands_) {
    if (!command.is_hidden) {
      known.push_back(command.name);
    }
  }
  const bool is_noun = std::any_of(known.begin(), known.end(), [&](const std::string& name) {
    return name.starts_with(words[0] + " ");
  });
  const std::string asked = is_noun && words.size() > 1 ? words[0] + " " + words[1] : words[0];
  const std::string nearest = nearest_word(asked, known);
  say_error("unknown command '" + asked + "'" +
            (nearest.empty() ? "; `aion help` lists all" : "; did you mean '" + nearest + "'?"));
  return Exit::WrongUse;
}

Exit Program::run(const std::vector<std::string>& words) const {
  if (words.empty()) {
    print(stderr, overview(""));
    return Exit::WrongUse;
  }
  std::size_t used = 0;
  const Command* const command = find(words, used);
  if (command == nullptr) {
    const bool is_help = words[0] == "help" || asks_for_help({words[0]});
    const std::string noun = is_help ? "" : words[0] + " ";
    if (is_help || (words.size() > 1 && asks_for_help({words[1]}) && has_noun(noun))) {
      print(stdout, overview(noun));
      return Exit::Done;
    }
    return wrong_use(words);
  }
  const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(used),
                                      words.end());
  if (asks_for_help(rest)) {
    print(stdout, help_of(*command));
    return Exit::Done;
  }
  const auto arguments = parse(*command, rest);
  if (!arguments) {
    say_error(command->name + ": " + arguments.error().message + "; see `aion " + command->name +
              " --help`");
    return Exit::WrongUse;
  }
  return command->run(*arguments);
}

Result<std::string> Program::completion(std::string_view shell) const {
  if (shell != "bash" && shell != "zsh") {
    return Error{Code::InvalidArgument,
                 "expected 'bash' or 'zsh', got '" + std::string(shell) + "'"};
  }
  std::string names;
  std::string cases;
  for (const Command& command : commands_) {
    if (command.is_hidden) {
      continue;
    }
    names += (names.empty() ? "" : "\n") + command.name;
    cases += "    '" + command.name + "' | '" + command.name + " '*) flags='";
    for (const Option& option : command.options) {
      cases += "--" + option.name + " ";
    }
    cases += "--help' ;;\n";
  }
  // Words of commands complete word by word; behind a whole command its flags, else files.
  std::string script = shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "";
  script +=
      "_aion() {\n  local current=\"${COMP_WORDS[COMP_CWORD]}\" flags='' typed='' word names next\n"
      "  names='" +
      names +
      "'\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    [[ $word == -* ]] && continue\n    typed=\"${typed:+$typed }$word\"\n  done\n"
      "  case \"$typed\" in\n" +
      cases +
      "  esac\n"
      "  if [[ $current == -* ]]; then\n    COMPREPLY=($(compgen -W \"$flags\" -- \"$current\")); "
      "return\n  fi\n"
      "  next=$(while IFS= read -r word; do\n"
      "    [[ -z $typed ]] && echo \"${word%% *}\"\n"
      "    [[ -n $typed && $word == \"$typed \"* ]] && echo \"${word#\"$typed \"}\"\n"
      "  done <<< \"$names\" | sort -u)\n"
      "  COMPREPLY=($(compgen -W \"$next\" -- \"$current\"))\n"
      "  [[ ${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- \"$current\"))\n}\n"
      "complete -F _aion aion\n";
  return script;
}

}  // namespace aion::cli
