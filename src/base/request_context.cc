#include "base/request_context.h"

#include <algorithm>

namespace aion {

namespace {

// By Criticality.
constexpr std::array<std::string_view, kCriticalities> kWords = {"best-effort", "normal", "safety"};

}  // namespace

std::string_view to_string(Criticality criticality) {
  return kWords[static_cast<std::size_t>(criticality)];
}

std::optional<Criticality> find_criticality(std::string_view word) {
  const auto* const found = std::ranges::find(kWords, word);
  return found == kWords.end() ? std::nullopt
                               : std::optional(static_cast<Criticality>(found - kWords.begin()));
}

}  // namespace aion
