// Runs the daemon in the foreground or in the background, and tells whoever started it how that
// went.
#pragma once

#include <filesystem>
#include <string>

#include <sys/types.h>

#include "base/result.h"

namespace aion::daemon {

/// Before any thread starts, begin() splits the process in two if that is wanted: the parent waits
/// for the one line that the child reports, the child goes on without a terminal and without the
/// descriptors it has inherited, its log in <data folder>/aion.log, its files for its user alone.
class Background {
 public:
  [[nodiscard]] static Result<Background> begin(bool is_wanted,
                                                const std::filesystem::path& data_dir);
  ~Background();
  Background(Background&& other) noexcept;
  Background& operator=(Background&&) = delete;

  [[nodiscard]] bool is_parent() const { return child_ > 0; }
  /// The parent: prints what the child reports; true when it is ready.
  [[nodiscard]] bool wait_for_child() const;

  /// The daemon's own process: the line that says it is ready, or why it is not.
  void ready(const std::string& line);
  void failed(const std::string& reason);

 private:
  Background(int pipe, pid_t child) : pipe_(pipe), child_(child) {}
  void report(char verdict, const std::string& text);

  int pipe_;     // -1 = in the foreground, or reported already
  pid_t child_;  // 0 in the child and in the foreground
};

}  // namespace aion::daemon
