#include "plot/ticks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace aion::plot {
namespace {

constexpr double kMinute = 60;
constexpr double kHour = 3600;
constexpr double kDay = 86'400;

struct Unit {
  double seconds;
  std::string_view name;
};
constexpr std::array kUnits{Unit{kDay, "d"}, Unit{kHour, "h"}, Unit{kMinute, "min"}, Unit{1, "s"}};

/// What people count time in, up to a day.
constexpr std::array kSteps{1.0,
                            2.0,
                            5.0,
                            10.0,
                            15.0,
                            30.0,
                            kMinute,
                            2 * kMinute,
                            5 * kMinute,
                            10 * kMinute,
                            900.0,
                            1800.0,
                            kHour,
                            2 * kHour,
                            3 * kHour,
                            6 * kHour,
                            12 * kHour,
                            kDay};
constexpr std::array kLogMarks{1.0,
                               10.0,
                               kMinute,
                               10 * kMinute,
                               kHour,
                               10 * kHour,
                               kDay,
                               10 * kDay,
                               100 * kDay,
                               1000 * kDay,
                               10'000 * kDay,
                               100'000 * kDay};

std::string printed(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

/// Without zeros at the end.
std::string trimmed(double value, int decimals) {
  std::string text = printed(value, decimals);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    text.erase(text.find_last_not_of('.') + 1);
  }
  return text == "-0" ? "0" : text;
}

/// 1, 2 or 5 times a power of ten, at least `step`.
double round_step(double step) {
  const double power = std::pow(10.0, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= step * (1 - 1e-9)) {
      return factor * power;
    }
  }
  return 10 * power;
}

double time_step(double step) {
  const auto* const at = std::lower_bound(kSteps.begin(), kSteps.end(), step * (1 - 1e-9));
  return at == kSteps.end() ? round_step(step / kDay) * kDay : *at;
}

std::string in_unit(double seconds, double step) {
  const auto* const unit = std::find_if(
      kUnits.begin(), kUnits.end() - 1, [&](const Unit& one) { return step >= one.seconds; });
  return trimmed(seconds / unit->seconds, 2) + " " + std::string(unit->name);
}

std::vector<Tick> log_ticks(double low, double high) {
  std::vector<Tick> marks;
  for (const double at : kLogMarks) {
    if (at >= low * (1 - 1e-9) && at <= high * (1 + 1e-9)) {
      marks.push_back({at, in_unit(at, at)});
    }
  }
  return marks;
}

}  // namespace

std::vector<Tick> ticks(double low, double high, int wanted, Scale scale) {
  if (scale == Scale::LogDuration) {
    return log_ticks(low, high);
  }
  const double rough = (high - low) / wanted;
  const double step =
      scale == Scale::Duration && rough >= 0.5 ? time_step(rough) : round_step(rough);
  const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 9);
  std::vector<Tick> marks;
  const double first = std::ceil(low / step - 1e-9);
  const double last = std::floor(high / step + 1e-9);
  for (double i = first; i <= last; ++i) {
    const double at = i * step;
    switch (scale) {
      case Scale::Share:
        marks.push_back({at, trimmed(at * 100, std::max(decimals - 2, 0)) + " %"});
        break;
      case Scale::Duration:
        marks.push_back({at, at == 0 ? "0" : in_unit(at, step)});
        break;
      default:
        marks.push_back({at, std::abs(at) >= 10'000 ? short_number(at) : trimmed(at, decimals)});
    }
  }
  if (marks.empty()) {
    marks.push_back({low, short_number(low)});
  }
  return marks;
}

std::string short_number(double value) {
  struct Power {
    double size;
    std::string_view letter;
  };
  for (const Power& power : {Power{1e12, "T"}, Power{1e9, "G"}, Power{1e6, "M"}, Power{1e4, "k"}}) {
    if (std::abs(value) >= power.size) {
      const double size = power.letter == "k" ? 1e3 : power.size;
      const double shown = value / size;
      const int decimals = std::abs(shown) >= 100 ? 0 : std::abs(shown) >= 10 ? 1 : 2;
      return trimmed(shown, decimals) + std::string(power.letter);
    }
  }
  const double size = std::abs(value);
  return trimmed(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 4);
}

std::string short_duration(double seconds) {
  for (const Unit& unit : kUnits) {
    if (seconds >= unit.seconds) {
      const double shown = seconds / unit.seconds;
      return trimmed(shown, shown >= 100 ? 0 : 1) + " " + std::string(unit.name);
    }
  }
  return trimmed(seconds, 2) + " s";
}

std::string grouped(long long value) {
  std::string text = std::to_string(value);
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

}  // namespace aion::plot
