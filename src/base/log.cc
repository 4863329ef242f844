#include "base/log.h"

#include <array>
#include <chrono>
#include <ctime>

#include <unistd.h>

#include "base/json.h"

namespace aion {

namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warn", "error"};

/// RFC 3339 in UTC with milliseconds.
std::string time_stamp() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  const std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
  return std::string(text.data(), size) + "." + fraction + "Z";
}

std::string quoted(const std::string& text) {
  return to_text(Json(text));
}

bool needs_quotes(const std::string& text) {
  return text.empty() || text.find_first_of(" \"\n\t=\\") != std::string::npos;
}

}  // namespace

void Log::error(std::string_view event, std::initializer_list<LogField> fields) const {
  write(LogLevel::Error, event, fields);
}
void Log::warn(std::string_view event, std::initializer_list<LogField> fields) const {
  write(LogLevel::Warn, event, fields);
}
void Log::info(std::string_view event, std::initializer_list<LogField> fields) const {
  write(LogLevel::Info, event, fields);
}
void Log::debug(std::string_view event, std::initializer_list<LogField> fields) const {
  write(LogLevel::Debug, event, fields);
}

void Log::write(LogLevel level,
                std::string_view event,
                std::initializer_list<LogField> fields) const {
  if (level < level_) {
    return;
  }
  const std::string_view level_name = kLevelNames[static_cast<std::size_t>(level)];
  std::string line;
  if (format_ == LogFormat::JsonLines) {
    line = R"({"time":")" + time_stamp() + R"(","level":")" + std::string(level_name) +
           R"(","event":)" + quoted(std::string(event));
    for (const LogField& field : fields) {
      line += "," + quoted(std::string(field.name)) + ":" +
              (field.is_text ? quoted(field.value) : field.value);
    }
    line += "}\n";
  } else {
    line = time_stamp() + " " + std::string(level_name) + " " + std::string(event);
    for (const LogField& field : fields) {
      line += " " + std::string(field.name) + "=" +
              (field.is_text && needs_quotes(field.value) ? quoted(field.value) : field.value);
    }
    line += "\n";
  }
  // A log that cannot be written must not stop the work that it tells of.
  [[maybe_unused]] const auto written = ::write(descriptor_, line.data(), line.size());
}

}  // namespace aion
