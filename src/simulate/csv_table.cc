// Columns by name: what all formats with a heading share.
#include <algorithm>
#include <array>
#include <charconv>

#include "simulate/trace_format.h"

namespace aion::simulate {
namespace {

constexpr std::size_t kShownBytes = 40;

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

std::string shown(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string printed = "'";
  for (const char c : text.substr(0, kShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte < 0x7f) {
      printed += c;
    } else {
      printed += "\\x";
      printed += kDigits[byte >> 4U];
      printed += kDigits[byte & 15U];
    }
  }
  return printed + (text.size() > kShownBytes ? "...'" : "'");
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  const std::string_view number = text.starts_with('+') ? text.substr(1) : text;
  std::int64_t value = 0;
  const char* const end = number.data() + number.size();
  auto [at, error] = std::from_chars(number.data(), end, value);
  if (error != std::errc{}) {
    return std::nullopt;
  }
  if (at != end && *at == '.') {
    at = std::find_if(at + 1, end, [](char c) { return c < '0' || c > '9'; });
  }
  return at == end ? std::optional(value) : std::nullopt;
}

Result<void> CsvTable::split(std::string_view line) {
  fields_.clear();
  unquoted_.clear();
  unquoted_.reserve(line.size());  // so that views of it stay where they are
  for (;;) {
    if (!line.starts_with('"')) {
      const std::size_t end = std::min(line.find(separator_), line.size());
      fields_.push_back(trimmed(line.substr(0, end)));
      if (end == line.size()) {
        return {};
      }
      line.remove_prefix(end + 1);
      continue;
    }
    const std::size_t begin = unquoted_.size();
    std::size_t at = 1;
    for (; at < line.size(); ++at) {
      const bool is_doubled = line[at] == '"' && at + 1 < line.size() && line[at + 1] == '"';
      if (line[at] == '"' && !is_doubled) {
        break;
      }
      unquoted_ += line[at];
      at += is_doubled ? 1 : 0;
    }
    if (at >= line.size() || (at + 1 < line.size() && line[at + 1] != separator_)) {
      return Error{Code::InvalidArgument,
                   "column " + std::to_string(fields_.size() + 1) +
                       ": expected a quote at the end of the field, got " + shown(line)};
    }
    fields_.push_back(std::string_view(unquoted_).substr(begin));
    if (at + 1 == line.size()) {
      return {};
    }
    line.remove_prefix(at + 2);
  }
}

Result<void> CsvTable::read_header(std::string_view line,
                                   std::span<const std::string_view> wanted) {
  AION_TRY_VOID(split(line));
  names_.assign(fields_.begin(), fields_.end());
  columns_.clear();
  for (const std::string_view name : wanted) {
    const auto at = std::find(names_.begin(), names_.end(), name);
    if (at == names_.end()) {
      return Error{Code::InvalidArgument,
                   "expected a column '" + std::string(name) + "', got " + shown(line)};
    }
    columns_.push_back(static_cast<std::size_t>(at - names_.begin()));
  }
  return {};
}

Result<void> CsvTable::read_row(std::string_view line) {
  AION_TRY_VOID(split(line));
  if (fields_.size() != names_.size()) {
    return Error{Code::InvalidArgument,
                 "expected " + std::to_string(names_.size()) + " columns, got " +
                     std::to_string(fields_.size()) + ": " + shown(line)};
  }
  return {};
}

Error CsvTable::wrong(std::size_t wanted, std::string_view expected) const {
  const std::size_t column = columns_[wanted];
  return Error{Code::InvalidArgument,
               "column " + std::to_string(column + 1) + " ('" + names_[column] + "'): expected " +
                   std::string(expected) + ", got " + shown(fields_[column])};
}

Result<std::int64_t> CsvTable::number(std::size_t wanted) const {
  const auto value = whole_number(text(wanted));
  if (!value) {
    return wrong(wanted, "a number");
  }
  return *value;
}

Result<std::int32_t> CsvTable::count(std::size_t wanted, std::int32_t most) const {
  const auto value = whole_number(text(wanted));
  if (!value || *value < 0 || *value > most) {
    return wrong(wanted, "a number from 0 to " + std::to_string(most));
  }
  return static_cast<std::int32_t>(*value);
}

bool CsvTable::has_columns(std::string_view line,
                           char separator,
                           std::span<const std::string_view> wanted) {
  CsvTable table(separator);
  return table.read_header(line, wanted).has_value();
}

}  // namespace aion::simulate
