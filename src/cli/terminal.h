// A terminal that a command draws on until somebody presses a key.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include <termios.h>

namespace aion::cli {

/// While it lives, stdout shows a screen of its own and keys are not echoed; afterwards the
/// terminal is as it was, also when SIGINT, SIGTERM or SIGHUP ends the wait.
///
/// At most one at a time. Thread safety: one thread.
class Terminal {
 public:
  struct Size {
    std::size_t columns = 80;
    std::size_t rows = 24;
  };

  /// Whether stdout is one.
  [[nodiscard]] static bool is_there();
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] static Size size();
  /// Replaces what is shown by as many lines of `text` as there is room for, each cut to the width.
  static void show(std::string_view text);
  /// False as soon as somebody wants to leave: q, Escape, Ctrl-C or a signal. True after
  /// `time`, or at once upon another key.
  [[nodiscard]] bool wait(std::chrono::milliseconds time) const;

 private:
  bool has_keys_ = false;  // stdin is a terminal, too
  termios before_{};
};

/// The first `columns` characters of a line of UTF-8.
[[nodiscard]] std::string_view cut(std::string_view line, std::size_t columns);

}  // namespace aion::cli
