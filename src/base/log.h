// Structured events: one line each, past tense, with fields.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace aion {

enum class LogLevel : std::uint8_t { Debug, Info, Warn, Error, Off };
enum class LogFormat : std::uint8_t { Plain, JsonLines };

/// One field of an event. Never a secret, a token or a payload.
class LogField {
 public:
  LogField(std::string_view key, std::string_view text) : name(key), value(text), is_text(true) {}
  LogField(std::string_view key, const std::string& text) : LogField(key, std::string_view(text)) {}
  LogField(std::string_view key, const char* text) : LogField(key, std::string_view(text)) {}
  LogField(std::string_view key, bool flag) : name(key), value(flag ? "true" : "false") {}
  template <class Number>
    requires std::is_arithmetic_v<Number> LogField(std::string_view key, Number number)
        : name(key), value(std::to_string(number)) {}

    std::string_view name;
    std::string value;
    bool is_text = false;
};

/// Writes events to a file descriptor, each with one write(2), so that lines of several threads do
/// not mix.
///
/// Thread safety: all methods may be called from any thread.
class Log {
 public:
  explicit Log(LogLevel level = LogLevel::Info,
               LogFormat format = LogFormat::Plain,
               int descriptor = 2)
      : level_(level), format_(format), descriptor_(descriptor) {}

  /// `error`: a person must act.
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) const;
  /// `warn`: the system coped.
  void warn(std::string_view event, std::initializer_list<LogField> fields = {}) const;
  /// `info`: a state changed.
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) const;
  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) const;

 private:
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const;

  LogLevel level_;
  LogFormat format_;
  int descriptor_;
};

}  // namespace aion
