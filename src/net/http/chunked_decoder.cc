#include "net/http/chunked_decoder.h"

#include <algorithm>
#include <charconv>

#include "net/http/ascii.h"

namespace aion::net {

namespace {
// A size line without extensions is 16 digits at most; this bounds what one line may hold in
// memory.
constexpr std::size_t kMaxLine = 4096;
}  // namespace

Refusal body_too_large(std::uint64_t size, std::size_t limit) {
  return Refusal{413,
                 "request body of " + std::to_string(size) + " bytes exceeds the limit of " +
                     std::to_string(limit) + " bytes"};
}

std::size_t ChunkedDecoder::take(std::string_view input, BodyBuffer& body) {
  const std::size_t given = input.size();
  while (!input.empty() && state_ != State::Done && !refusal_) {
    if (state_ == State::Data) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      body.append(input.substr(0, count));
      input.remove_prefix(count);
      left_ -= count;
      state_ = left_ == 0 ? State::DataEnd : State::Data;
    } else if (take_line(input)) {
      end_of_line(body.size());
      line_.clear();
    }
  }
  return given - input.size();
}

bool ChunkedDecoder::take_line(std::string_view& input) {
  const std::size_t newline = input.find('\n');
  const std::size_t count = newline == std::string_view::npos ? input.size() : newline + 1;
  if (line_.size() + count > kMaxLine) {
    refuse(431, "chunked body: expected lines of at most 4096 bytes, got a longer one");
    return false;
  }
  line_.append(input.substr(0, count));
  input.remove_prefix(count);
  if (newline == std::string_view::npos) {
    return false;
  }
  if (!line_.ends_with("\r\n")) {
    refuse(400, "chunked body: expected lines that end with CR LF, got '" + shown(line_) + "'");
    return false;
  }
  line_.resize(line_.size() - 2);
  return true;
}

void ChunkedDecoder::end_of_line(std::size_t body_size) {
  if (state_ == State::Size) {
    take_size(body_size);
  } else if (state_ == State::DataEnd) {
    state_ = State::Size;
    if (!line_.empty()) {
      refuse(400,
             "chunked body: expected CR LF behind the data of a chunk, got '" + shown(line_) + "'");
    }
  } else if (line_.empty()) {
    state_ = State::Done;
  } else {
    HttpHeader header;
    refusal_ = check_header_line(line_, header);
    overhead_ += line_.size();
  }
  if (overhead_ > max_overhead_ && !refusal_) {
    refuse(431,
           "chunked body: expected at most " + std::to_string(max_overhead_) +
               " bytes of extensions and trailer, got more");
  }
}

void ChunkedDecoder::take_size(std::size_t body_size) {
  const char* end = line_.data() + line_.size();
  std::uint64_t size = 0;
  const auto [at, failed] = std::from_chars(line_.data(), end, size, 16);
  const std::string_view rest(at, static_cast<std::size_t>(end - at));
  const bool is_clean = is_header_value(rest);
  if (failed != std::errc{} || !is_clean || (!rest.empty() && rest.front() != ';')) {
    refuse(400, "chunked body: expected a chunk size in hexadecimal, got '" + shown(line_) + "'");
    return;
  }
  if (size > max_body_ || body_size > max_body_ - size) {
    const std::uint64_t whole = size > UINT64_MAX - body_size ? size : body_size + size;
    refusal_ = body_too_large(whole, max_body_);
    return;
  }
  overhead_ += rest.size();
  left_ = size;
  state_ = size == 0 ? State::Trailer : State::Data;
}

}  // namespace aion::net
