// Where an axis has its marks, and what stands beside them.
#pragma once

#include <string>
#include <vector>

namespace aion::plot {

enum class Scale {
  Number,
  Share,        // 0 to 1, written as per cent
  Duration,     // seconds, written in the unit that fits
  LogDuration,  // the same on a logarithmic scale; below 1 s counts as 1 s
};

struct Tick {
  double at;
  std::string text;
};

/// Marks at round numbers within [low, high], about `wanted` of them, at least one; low < high.
[[nodiscard]] std::vector<Tick> ticks(double low, double high, int wanted, Scale scale);

/// A number in few letters: 1234567 -> "1.23M", 0.5 -> "0.5".
[[nodiscard]] std::string short_number(double value);

/// Seconds in few letters: 5400 -> "1.5 h".
[[nodiscard]] std::string short_duration(double seconds);

/// 28481 -> "28,481".
[[nodiscard]] std::string grouped(long long value);

}  // namespace aion::plot
