#include "serving/batch_former.h"

#include <algorithm>

namespace aion::serving {

BatchDecision form_batch(const BatchCandidates& candidates, const BatchRule& rule, TimePoint now) {
  std::size_t whole = 1;  // how many fit into one batch
  std::uint64_t rows = candidates.rows.front();
  std::size_t preferred = 0;  // how many make up the largest preferred size
  const auto is_preferred = [&](std::uint64_t sum) {
    return std::ranges::binary_search(rule.preferred, static_cast<std::int64_t>(sum));
  };
  if (is_preferred(rows)) {
    preferred = 1;
  }
  while (whole < candidates.rows.size() && rows < rule.most_rows &&
         candidates.rows[whole] <= rule.most_rows - rows) {
    rows += candidates.rows[whole];
    ++whole;
    if (is_preferred(rows)) {
      preferred = whole;
    }
  }
  const bool waits = rule.max_delay > Duration{0};
  const TimePoint end_of_delay = candidates.oldest + rule.max_delay;
  if (waits && now >= end_of_delay) {
    return {whole, kNever};
  }
  if (preferred > 0) {
    return {preferred, kNever};
  }
  const bool is_full =
      candidates.is_closed || whole < candidates.rows.size() || rows >= rule.most_rows;
  const bool is_large =
      !rule.preferred.empty() && rows >= static_cast<std::uint64_t>(rule.preferred.back());
  if (!waits || is_full || is_large) {
    return {whole, kNever};
  }
  return {0, end_of_delay};
}

}  // namespace aion::serving
