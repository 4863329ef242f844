#include "resource/probe/pressure.h"

#include <sstream>
#include <string>

#include "base/file.h"

namespace aion::resource {

namespace {

constexpr std::size_t kMostText = 4096;

/// "some avg10=1.50 avg60=0.20 avg300=0.00 total=81"
bool read_line(const std::string& line, Pressure& pressure) {
  constexpr double kPerCent = 1e-2;
  std::istringstream words(line);
  std::string kind;
  words >> kind;
  const bool is_some = kind == "some";
  if (!is_some && kind != "full") {
    return false;
  }
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    std::istringstream number(equals == std::string::npos ? "" : word.substr(equals + 1));
    double value = 0;
    if (!(number >> value)) {
      return false;
    }
    const std::string name = word.substr(0, equals);
    if (name == "avg10") {
      (is_some ? pressure.some_10s : pressure.full_10s) = value * kPerCent;
    } else if (name == "avg60") {
      (is_some ? pressure.some_60s : pressure.full_60s) = value * kPerCent;
    }
  }
  return true;
}

std::optional<Pressure> read_pressure(const std::filesystem::path& file) {
  const auto text = read_file(file, kMostText);
  if (!text) {
    return std::nullopt;
  }
  std::istringstream lines(*text);
  Pressure pressure;
  bool is_known = false;
  for (std::string line; std::getline(lines, line);) {
    if (!read_line(line, pressure)) {
      return std::nullopt;
    }
    is_known = true;
  }
  return is_known ? std::optional(pressure) : std::nullopt;
}

}  // namespace

Pressures read_pressures(const std::filesystem::path& folder) {
  return {read_pressure(folder / "cpu"),
          read_pressure(folder / "memory"),
          read_pressure(folder / "io")};
}

}  // namespace aion::resource
