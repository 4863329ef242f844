// The port through which formats of traces are read, and the fields they share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "simulate/trace_builder.h"

namespace aion::simulate {

/// What a format may need beside the lines.
struct FormatContext {
  /// Steps per second of each job type (gavel's simulation_throughputs.json), unpacked; asked for
  /// at most once.
  std::function<Result<std::string>()> throughputs;
};

/// Takes the lines of one file in order.
class TraceParser {
 public:
  TraceParser() = default;
  TraceParser(const TraceParser&) = delete;
  TraceParser& operator=(const TraceParser&) = delete;
  virtual ~TraceParser() = default;

  /// One line, never empty. InvalidArgument names the column, what was expected and what came; the
  /// caller adds file and line.
  [[nodiscard]] virtual Result<void> take(std::string_view line,
                                          std::int64_t number,
                                          TraceBuilder& trace) = 0;
};

struct TraceFormat {
  std::string_view name;
  std::string_view look;  // what its first line looks like, for who gave something else
  bool (*recognises)(std::string_view first_line);
  Result<std::unique_ptr<TraceParser>> (*open)(const FormatContext& context);
};

/// All formats, in the order in which they are tried.
[[nodiscard]] std::span<const TraceFormat> trace_formats();

/// Text of the file for a message: cut at 40 bytes, what does not print as \xNN.
[[nodiscard]] std::string shown(std::string_view text);

/// A decimal number; a fraction is cut off, as the archives' own readers do. Nothing when it is
/// none, or too large for 64 bits.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text);

/// The columns of a file whose first line names them. Fields may stand in double quotes (RFC 4180).
class CsvTable {
 public:
  explicit CsvTable(char separator) : separator_(separator) {}

  /// The line that names the columns; InvalidArgument when one of `wanted` is missing.
  Result<void> read_header(std::string_view line, std::span<const std::string_view> wanted);

  /// A line of values; InvalidArgument when they are not as many as the columns, or a quote does
  /// not end. `line` outlives what is asked of it.
  Result<void> read_row(std::string_view line);

  /// The value of the column with that place in `wanted`.
  [[nodiscard]] std::string_view text(std::size_t wanted) const {
    return fields_[columns_[wanted]];
  }
  [[nodiscard]] Result<std::int64_t> number(std::size_t wanted) const;
  /// The same, at most `most` and at least 0.
  [[nodiscard]] Result<std::int32_t> count(std::size_t wanted, std::int32_t most) const;

  /// Splits the line without asking for columns: how a format is recognised.
  [[nodiscard]] static bool has_columns(std::string_view line,
                                        char separator,
                                        std::span<const std::string_view> wanted);

 private:
  Result<void> split(std::string_view line);
  [[nodiscard]] Error wrong(std::size_t wanted, std::string_view expected) const;

  char separator_;
  std::vector<std::string> names_;    // of the columns
  std::vector<std::size_t> columns_;  // of what is wanted
  std::vector<std::string_view> fields_;
  std::string unquoted_;  // fields with doubled quotes, which stand nowhere in the line
};

}  // namespace aion::simulate
