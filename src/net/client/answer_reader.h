// Finds where an HTTP/1.1 answer ends: as much of HTTP as a load generator needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aion::net {

/// Takes the bytes of one connection in pieces of any size.
class AnswerReader {
 public:
  enum class State : std::uint8_t { More, Whole, Malformed };

  /// After Whole: status(), body() and closes() tell of the answer; next() forgets it.
  State take(std::string_view bytes);
  void next();

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::string_view body() const;
  [[nodiscard]] bool closes() const { return closes_; }
  /// What is wrong, when Malformed.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  State read_head(std::size_t end);
  State malformed(std::string problem);

  std::string buffer_;
  std::size_t head_size_ = 0;  // 0 = not known yet
  std::size_t body_size_ = 0;
  int status_ = 0;
  bool closes_ = false;
  std::string problem_;
};

}  // namespace aion::net
