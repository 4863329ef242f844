#include "runtime/supervisor/spec.h"

#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/supervisor/record.h"

namespace aion::supervisor {

namespace {

constexpr std::int64_t kMostBytes = 64 << 20;

/// The value when `text` is "key=value", else null.
char* value_of(char* text, const char* key) {
  const std::size_t length = strlen(key);
  return strncmp(text, key, length) == 0 && text[length] == '=' ? text + length + 1 : nullptr;
}

void read_number(char* text, const char* key, std::int64_t& into) {
  if (const char* const value = value_of(text, key)) {
    into = strtoll(value, nullptr, 10);
  }
}

void read_text(char* text, const char* key, const char*& into) {
  if (const char* const value = value_of(text, key)) {
    into = value;
  }
}

struct Numbers {
  std::int64_t stop_signal = 15;
  std::int64_t grace_ms = 10'000;
  std::int64_t time_limit_ms = 0;
  std::int64_t log_limit = 64 << 20;
  std::int64_t nice = 0;
  std::int64_t most_processes = 0;
  std::int64_t cpu = -1;
};

void read_entry(char* text, Spec& spec, Numbers& numbers) {
  numbers.cpu = -1;
  read_number(text, kStopSignal, numbers.stop_signal);
  read_number(text, kGrace, numbers.grace_ms);
  read_number(text, kTimeLimit, numbers.time_limit_ms);
  read_number(text, kLogLimit, numbers.log_limit);
  read_number(text, kNice, numbers.nice);
  read_number(text, kMostProcesses, numbers.most_processes);
  read_number(text, kCpus, numbers.cpu);
  read_text(text, kWorkFolder, spec.folder);
  read_text(text, kFreezer, spec.freezer);
  read_text(text, kKill, spec.kill);
  read_text(text, kMembers, spec.members);
  if (numbers.cpu >= 0 && numbers.cpu < CPU_SETSIZE) {
    CPU_SET(static_cast<std::size_t>(numbers.cpu), &spec.cpus);
    spec.has_cpus = true;
  }
  if (const char* const group = value_of(text, kGroup); group && spec.group_count < kMostGroups) {
    spec.groups[spec.group_count++] = group;
  }
}

/// The whole file with a zero behind it; null when it cannot be read.
char* read_whole(std::int64_t& size) {
  const int file = open(kSpecFile, O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (file < 0 || fstat(file, &status) != 0 || status.st_size > kMostBytes) {
    return nullptr;
  }
  char* const text = static_cast<char*>(malloc(static_cast<std::size_t>(status.st_size) + 1));
  size = 0;
  while (text != nullptr && size < status.st_size) {
    const ssize_t got = read(file, text + size, static_cast<std::size_t>(status.st_size - size));
    if (got <= 0) {
      return nullptr;
    }
    size += got;
  }
  close(file);
  if (text != nullptr) {
    text[size] = 0;
  }
  return text;
}

}  // namespace

const char* read_spec(Spec& spec) {
  std::int64_t size = 0;
  char* const text = read_whole(size);
  if (text == nullptr) {
    return "spec cannot be read";
  }
  CPU_ZERO(&spec.cpus);
  std::size_t entries = 0;
  for (std::int64_t at = 0; at < size; ++at) {
    entries += text[at] == 0 ? 1 : 0;
  }
  auto** const arguments = static_cast<char**>(calloc(entries + 2, sizeof(char*)));
  auto** const variables = static_cast<char**>(calloc(entries + 2, sizeof(char*)));
  if (arguments == nullptr || variables == nullptr) {
    return "no memory";
  }
  std::size_t argument_count = 0;
  std::size_t variable_count = 0;
  Numbers numbers;
  for (char* entry = text; entry < text + size; entry += strlen(entry) + 1) {
    if (char* const argument = value_of(entry, kArgument)) {
      arguments[argument_count++] = argument;
    } else if (char* const variable = value_of(entry, kVariable)) {
      variables[variable_count++] = variable;
    } else {
      read_entry(entry, spec, numbers);
    }
  }
  spec.arguments = arguments;
  spec.environment = variables;
  spec.stop_signal = static_cast<int>(numbers.stop_signal);
  spec.grace_ms = numbers.grace_ms;
  spec.time_limit_ms = numbers.time_limit_ms;
  spec.log_limit = static_cast<std::uint64_t>(numbers.log_limit);
  spec.nice = static_cast<int>(numbers.nice);
  spec.most_processes = static_cast<std::uint64_t>(numbers.most_processes);
  return argument_count == 0 ? "spec names no program" : nullptr;
}

}  // namespace aion::supervisor
