#include "net/client/answer_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace aion::net {

namespace {

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, number);
  return failed == std::errc{} && at == end ? std::optional(number) : std::nullopt;
}

bool begins_ignoring_case(std::string_view text, std::string_view beginning) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  return text.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), text.begin(), [&](char a, char b) {
           return lower(a) == lower(b);
         });
}

/// The value of `line` if it is the header `name` (with its colon); else nothing.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  if (!begins_ignoring_case(line, name)) {
    return std::nullopt;
  }
  line.remove_prefix(name.size());
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line;
}

}  // namespace

AnswerReader::State AnswerReader::take(std::string_view bytes) {
  const std::size_t looked_at = buffer_.size() < 3 ? 0 : buffer_.size() - 3;
  buffer_ += bytes;
  if (head_size_ == 0) {
    const std::size_t end = buffer_.find("\r\n\r\n", looked_at);
    if (end == std::string::npos) {
      return State::More;
    }
    if (const State state = read_head(end); state == State::Malformed) {
      return state;
    }
  }
  return buffer_.size() < head_size_ + body_size_ ? State::More : State::Whole;
}

AnswerReader::State AnswerReader::read_head(std::size_t end) {
  const std::string_view head(buffer_.data(), end + 2);
  const auto status = head.starts_with("HTTP/1.") && head.size() > 12
                          ? number_of<int>(head.substr(9, 3))
                          : std::nullopt;
  if (!status) {
    return malformed("the answer is not HTTP/1.1: '" + std::string(head.substr(0, 40)) + "'");
  }
  status_ = *status;
  std::optional<std::size_t> length;
  std::size_t line_end = head.find("\r\n");
  for (std::size_t at = line_end + 2; at < head.size(); at = line_end + 2) {
    line_end = head.find("\r\n", at);
    const std::string_view line = head.substr(at, line_end - at);
    if (const auto value = value_of(line, "Content-Length:")) {
      length = number_of<std::size_t>(*value);
    } else if (const auto option = value_of(line, "Connection:")) {
      closes_ = begins_ignoring_case(*option, "close");
    }
  }
  if (!length) {
    return malformed("the answer has no Content-Length; only such can be measured");
  }
  body_size_ = *length;
  head_size_ = end + 4;
  return State::More;
}

void AnswerReader::next() {
  buffer_.erase(0, head_size_ + body_size_);
  head_size_ = 0;
  body_size_ = 0;
  closes_ = false;
}

std::string_view AnswerReader::body() const {
  return std::string_view(buffer_).substr(head_size_, body_size_);
}

AnswerReader::State AnswerReader::malformed(std::string problem) {
  problem_ = std::move(problem);
  return State::Malformed;
}

}  // namespace aion::net
