#include "resource/capacities.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace aion::resource {

namespace {

constexpr double kMostNamed = 1e12;

bool is_name(std::string_view text) {
  constexpr std::size_t kMostLetters = 64;
  return !text.empty() && text.size() <= kMostLetters && std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.';
  });
}

/// "licence=4"
Result<NamedAmount> parse(const std::string& text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  const std::string_view number = std::string_view(text).substr(std::min(equals + 1, text.size()));
  NamedAmount named{text.substr(0, equals), 0};
  const auto read = std::from_chars(number.data(), number.data() + number.size(), named.amount);
  const bool is_number = read.ec == std::errc() && read.ptr == number.data() + number.size() &&
                         named.amount >= 0 && named.amount <= kMostNamed;
  if (!is_name(named.name) || !is_number || named.name == "cores") {
    return Error{
        Code::InvalidArgument,
        "resource.named: expected NAME=AMOUNT with a number from 0 up, got '" + text + "'"};
  }
  return named;
}

}  // namespace

Result<std::vector<Capacity>> capacities_of(const Machine& machine,
                                            const std::vector<std::string>& named) {
  std::vector<Capacity> capacities;
  for (const Device& device : machine.devices()) {
    capacities.push_back({device.id, {device.cores, device.memory}, device.cpus});
  }
  if (capacities.empty()) {
    std::string reasons;
    for (const std::string& trouble : machine.troubles()) {
      reasons += "; " + trouble;
    }
    return Error{Code::Unavailable, "no device was found on this machine" + reasons};
  }
  for (const std::string& text : named) {
    AION_TRY(NamedAmount amount, parse(text));
    capacities.front().quantity.named.push_back(std::move(amount));
  }
  return capacities;
}

}  // namespace aion::resource
