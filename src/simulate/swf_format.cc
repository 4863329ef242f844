// The Standard Workload Format.
#include <array>
#include <charconv>
#include <limits>

#include "simulate/trace_formats.h"

namespace aion::simulate {
namespace {

constexpr std::size_t kFields = 18;
constexpr std::array<std::string_view, kFields> kNames{"job number",
                                                       "submit time",
                                                       "wait time",
                                                       "run time",
                                                       "allocated processors",
                                                       "average CPU time",
                                                       "used memory",
                                                       "requested processors",
                                                       "requested time",
                                                       "requested memory",
                                                       "status",
                                                       "user",
                                                       "group",
                                                       "executable",
                                                       "queue",
                                                       "partition",
                                                       "preceding job",
                                                       "think time"};
enum Field : std::size_t {
  kId = 0,
  kSubmit = 1,
  kRuntime = 3,
  kAllocated = 4,
  kProcessors = 7,
  kRequest = 8,
  kUser = 11,
  kExecutable = 13,
  kQueue = 14,
  kPreceding = 16,
  kThink = 17,
};

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view from_first_word(std::string_view line) {
  while (!line.empty() && is_blank(line.front())) {
    line.remove_prefix(1);
  }
  return line;
}

/// The fields of one line, read where they are asked for.
class Record {
 public:
  /// How many fields there are, of which the first 18 are kept.
  std::size_t split(std::string_view line) {
    std::size_t count = 0;
    const char* at = line.data();
    const char* const end = at + line.size();
    while (true) {
      while (at != end && is_blank(*at)) {
        ++at;
      }
      if (at == end) {
        return count;
      }
      const char* const begin = at;
      while (at != end && !is_blank(*at)) {
        ++at;
      }
      if (count < kFields) {
        fields_[count] = {begin, static_cast<std::size_t>(at - begin)};
      }
      ++count;
    }
  }

  /// A whole number; remembers the first field that is none, or does not fit.
  template <class Integer>
  Integer number(Field field) {
    const std::string_view text = fields_[field];
    std::int64_t value = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && at == text.data() + text.size()) {  // nearly all of them
      return narrowed<Integer>(value, field);
    }
    const auto slow = whole_number(text);
    if (!slow) {
      remember(field, "a whole number");
      return 0;
    }
    return narrowed<Integer>(*slow, field);
  }

  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  template <class Integer>
  Integer narrowed(std::int64_t value, Field field) {
    using Limits = std::numeric_limits<Integer>;
    if (value < Limits::min() || value > Limits::max()) {
      remember(field, "at most " + std::to_string(Limits::max()));
      return 0;
    }
    return static_cast<Integer>(value);
  }

  void remember(Field field, std::string_view expected) {
    if (wrong_.empty()) {
      wrong_ = "field " + std::to_string(field + 1) + " (" + std::string(kNames[field]) +
               "): expected " + std::string(expected) + ", got " + shown(fields_[field]);
    }
  }

  std::array<std::string_view, kFields> fields_;
  std::string wrong_;
};

class SwfParser final : public TraceParser {
 public:
  Result<void> take(std::string_view line, std::int64_t number, TraceBuilder& trace) override {
    line = from_first_word(line);
    if (line.empty()) {
      return {};
    }
    return line.front() == ';' ? header(line.substr(1), trace) : job(line, number, trace);
  }

 private:
  /// "MaxProcs: 128"; MaxNodes counts where there is no MaxProcs.
  Result<void> header(std::string_view comment, TraceBuilder& trace) {
    comment = from_first_word(comment);
    for (const std::string_view key : {"MaxProcs:", "MaxNodes:"}) {
      if (!comment.starts_with(key)) {
        continue;
      }
      std::string_view value = from_first_word(comment.substr(key.size()));
      value = value.substr(
          0, value.find_first_of(" \t"));  // some archives explain themselves behind it
      const auto count = whole_number(value);
      if (!count || *count > kMostProcessors) {
        return Error{Code::InvalidArgument,
                     std::string(key) + " expected a number up to " +
                         std::to_string(kMostProcessors) + ", got " + shown(value)};
      }
      const bool is_better = *count > 0 && (key == "MaxProcs:" || !has_processors_);
      if (is_better) {
        has_processors_ = has_processors_ || key == "MaxProcs:";
        trace.tell_processors(static_cast<std::int32_t>(*count));
      }
    }
    return {};
  }

  static Result<void> job(std::string_view line, std::int64_t number, TraceBuilder& trace) {
    Record record;
    const std::size_t fields = record.split(line);
    if (fields != kFields) {
      return Error{Code::InvalidArgument,
                   "expected 18 fields of numbers, as SWF has, got " + std::to_string(fields) +
                       ": " + shown(line)};
    }
    if (!trace.takes_next()) {
      return {};
    }
    TraceJob job;
    job.id = record.number<std::int64_t>(kId);
    job.submit = record.number<std::int64_t>(kSubmit);
    job.runtime = record.number<std::int64_t>(kRuntime);
    job.request = record.number<std::int64_t>(kRequest);
    const auto allocated = record.number<std::int32_t>(kAllocated);
    const auto requested = record.number<std::int32_t>(kProcessors);
    job.processors = requested > 0 ? requested : allocated;
    job.user = record.number<std::int32_t>(kUser);
    job.name = record.number<std::int32_t>(kExecutable);
    job.priority = record.number<std::int32_t>(kQueue);
    const auto think = record.number<std::int32_t>(kThink);
    if (record.number<std::int64_t>(kPreceding) < 0 && think > 0 && job.submit >= 0) {
      job.deadline = job.submit <= kMostSeconds ? job.submit + think : job.submit;
    }
    if (!record.wrong().empty()) {
      return Error{Code::InvalidArgument, record.wrong()};
    }
    return trace.add(job, number);
  }

  bool has_processors_ = false;  // of MaxProcs
};

bool is_swf(std::string_view first_line) {
  const std::string_view line = from_first_word(first_line);
  const bool is_numeric =
      !line.empty() && ((line.front() >= '0' && line.front() <= '9') || line.front() == '-');
  return line.starts_with(';') || (is_numeric && line.find(',') == std::string_view::npos);
}

}  // namespace

TraceFormat swf_format() {
  return {"swf",
          "18 numbers between blanks, or a comment behind ';' (SWF)",
          is_swf,
          [](const FormatContext&) -> Result<std::unique_ptr<TraceParser>> {
            return std::unique_ptr<TraceParser>(std::make_unique<SwfParser>());
          }};
}

}  // namespace aion::simulate
