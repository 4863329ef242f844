#include "runtime/backend/openvino/failure.h"

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <string>

#include <openvino/runtime/exception.hpp>

namespace aion::runtime::openvino {

namespace {

constexpr std::size_t kMostBytes = 2000;  // some of its messages list a whole graph

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos
             ? std::string_view()
             : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// "Exception from src/...:" and "Check '...' failed at src/...:" say where in the library's own
// source it failed.
bool is_source_line(std::string_view line) {
  constexpr std::array<std::string_view, 2> kMarks = {"Exception from src/", "' failed at src/"};
  for (const std::string_view mark : kMarks) {
    if (line.find(mark) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// The line without the place in the library's source: "place: words" or nothing but the place.
std::string_view without_source(std::string_view line) {
  if (!is_source_line(line)) {
    return line;
  }
  const auto end = line.rfind(": ");
  return end == std::string_view::npos ? std::string_view() : line.substr(end + 2);
}

// The library's words on one line.
std::string words_of(std::string_view text) {
  std::string words;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view said = without_source(trimmed(line));
    if (!said.empty()) {
      words.append(words.empty() ? "" : " ").append(said);
    }
  }
  if (words.size() > kMostBytes) {
    words.resize(kMostBytes);
    words += " ...";
  }
  return words;
}

}  // namespace

Error current_failure(Code otherwise) {
  try {
    throw;
  } catch (const ov::Cancelled&) {
    return Error{Code::Cancelled, "the run was cancelled"};
  } catch (const std::bad_alloc&) {
    return Error{Code::ResourceExhausted, "OpenVINO ran out of memory"};
  } catch (const std::exception& thrown) {
    std::string words = words_of(thrown.what());
    return Error{otherwise, words.empty() ? std::string(thrown.what()) : std::move(words)};
  } catch (...) {
    return Error{otherwise, "OpenVINO threw something that is no std::exception"};
  }
}

}  // namespace aion::runtime::openvino
