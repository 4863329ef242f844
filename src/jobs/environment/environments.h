// Virtual environments of Python for jobs: made once for each content, shared, collected when
// unused.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/executor.h"
#include "base/keyed_mutex.h"
#include "base/log.h"
#include "base/result.h"
#include "base/task.h"

namespace aion::jobs {

/// What an environment is made of.
struct Requirements {
  std::string text;    // lines as pip reads them (a requirements file or a lock)
  std::string python;  // "3.11", "/usr/bin/python3.11"; empty = python3
};

/// One that is there.
struct Environment {
  std::string key;               // 64 hexadecimal digits: of its requirements, Python and platform
  std::filesystem::path folder;  // of the virtual environment
  std::string python;            // "Python 3.11.2"
  std::string contents;          // exactly what is installed, a "name==version" a line
  Bytes size{};
  std::chrono::system_clock::time_point used{};
};

/// Environments in folders named after their key. One is built at a time, by `uv` where there is
/// one (it never fetches a Python of its own), else by venv and pip; what is asked for twice at
/// once is built once. A build that fails or is killed leaves nothing that counts.
///
/// Thread safety: all methods may be called from any thread.
class Environments {
 public:
  struct Options {
    std::filesystem::path root;
    std::string uv = "uv";                           // by its path or a name of PATH; empty = none
    std::map<std::string, std::string> environment;  // of the tools: PATH, HOME, proxies, indexes
    std::chrono::milliseconds build_limit{1'800'000};
  };
  /// The executors outlive it.
  Environments(Executors& executors, const Log& log, Options options);

  /// fails   InvalidArgument   there is no such Python, or it cannot be installed, with the tool's
  ///                           last words
  ///         DeadlineExceeded  it takes too long
  ///         Unavailable       no tool or no disk to build it with
  [[nodiscard]] Task<Environment> prepare(Requirements wanted);

  /// All that are there, those that were used last first.
  [[nodiscard]] Task<std::vector<Environment>> list();

  /// Removes those that nobody has used for so long, but for `kept`; how much that frees.
  [[nodiscard]] Task<Bytes> collect(std::chrono::seconds unused, std::vector<std::string> kept);

  /// Where the virtual environment of that key is, or would be.
  [[nodiscard]] std::filesystem::path venv_of(const std::string& key) const {
    return folder_of(key) / "venv";
  }

 private:
  [[nodiscard]] Result<std::string> version_of(const std::string& python) const;
  [[nodiscard]] Result<Environment> build(const Requirements& wanted,
                                          const std::string& version,
                                          const std::string& key) const;
  [[nodiscard]] Result<std::string> run(std::vector<std::string> arguments,
                                        const std::filesystem::path& folder) const;
  [[nodiscard]] bool has_uv() const;
  [[nodiscard]] std::filesystem::path folder_of(const std::string& key) const;
  [[nodiscard]] Result<Environment> read(const std::string& key) const;

  Executors& executors_;
  const Log& log_;
  Options options_;
  KeyedMutex building_;
};

/// Requirements in one form: no comments or blank lines, in order. Lines that name a file of the
/// user's machine (-r, -c, -e, paths) are refused: only what stands in the text itself makes the
/// key.
[[nodiscard]] Result<std::string> normalised(const std::string& requirements);

}  // namespace aion::jobs
