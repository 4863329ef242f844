#include "cli/terminal.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace aion::cli {

namespace {

constexpr std::array kEndings{SIGINT, SIGTERM, SIGHUP};
constexpr std::string_view kOwnScreen = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kBackToShell = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kRestOfLine = "\x1b[K";
constexpr std::string_view kRestOfScreen = "\x1b[J";

volatile std::sig_atomic_t wants_to_leave = 0;  // signal handlers have no other way

void leave(int /*signal*/) {
  wants_to_leave = 1;
}

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

std::string_view cut(std::string_view line, std::size_t columns) {
  std::size_t shown = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (is_continuation(line[i])) {
      continue;
    }
    if (shown == columns) {
      return line.substr(0, i);
    }
    ++shown;
  }
  return line;
}

bool Terminal::is_there() {
  return isatty(STDOUT_FILENO) != 0;
}

Terminal::Terminal() {
  wants_to_leave = 0;
  struct sigaction action {};
  action.sa_handler = leave;
  for (const int signal : kEndings) {
    sigaction(signal, &action, nullptr);
  }
  has_keys_ = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &before_) == 0;
  if (has_keys_) {
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  put(kOwnScreen);
  std::fflush(stdout);
}

Terminal::~Terminal() {
  put(kBackToShell);
  std::fflush(stdout);
  if (has_keys_) {
    tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  for (const int signal : kEndings) {
    std::signal(signal, SIG_DFL);
  }
}

Terminal::Size Terminal::size() {
  winsize window{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0) {
    return {};
  }
  return {window.ws_col, window.ws_row};
}

void Terminal::show(std::string_view text) {
  const Size room = size();
  std::string frame(kHome);
  for (std::size_t row = 0; row + 1 < room.rows && !text.empty(); ++row) {
    const std::size_t end = text.find('\n');
    frame += cut(text.substr(0, end), room.columns);
    frame += kRestOfLine;
    frame += "\r\n";
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
  frame += kRestOfScreen;
  put(frame);
  std::fflush(stdout);
}

bool Terminal::wait(std::chrono::milliseconds time) const {
  pollfd keys{STDIN_FILENO, POLLIN, 0};
  const int found =
      wants_to_leave == 0 ? poll(&keys, has_keys_ ? 1 : 0, static_cast<int>(time.count())) : 0;
  if (wants_to_leave != 0) {
    return false;
  }
  if (found <= 0) {
    return true;
  }
  char key = 0;
  constexpr char kEscape = '\x1b';
  return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q' && key != kEscape;
}

}  // namespace aion::cli
