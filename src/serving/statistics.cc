#include "serving/statistics.h"

#include <algorithm>
#include <chrono>

namespace aion::serving {

void Statistics::Total::add(Duration duration) {
  count.fetch_add(1, std::memory_order_relaxed);
  ns.fetch_add(static_cast<std::uint64_t>(std::max<Duration::rep>(duration.count(), 0)),
               std::memory_order_relaxed);
}

DurationTotal Statistics::Total::read() const {
  return {count.load(std::memory_order_relaxed), ns.load(std::memory_order_relaxed)};
}

void Statistics::executed(std::uint64_t batch_size, Duration run) {
  executions_.fetch_add(1, std::memory_order_relaxed);
  if (batch_size <= kSmallBatch) {
    small_batches_[batch_size].add(run);
    return;
  }
  const std::scoped_lock lock(rare_mutex_);
  constexpr std::size_t kMostSizes =
      1'000;  // the size is the client's: beyond this, new ones are not told apart
  const bool is_new = !large_batches_.contains(batch_size);
  if (is_new && large_batches_.size() >= kMostSizes) {
    return;
  }
  DurationTotal& total = large_batches_[batch_size];
  ++total.count;
  total.ns += static_cast<std::uint64_t>(run.count());
}

void Statistics::answered(Duration whole, Duration queue) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  last_inference_ms_.store(static_cast<std::uint64_t>(now_ms), std::memory_order_relaxed);
  success_.add(whole);
  total_.observe(static_cast<std::uint64_t>(std::max<Duration::rep>(whole.count(), 0)));
  queue_.add(queue);
}

void Statistics::succeeded(const RequestTimes& times) {
  inference_count_.fetch_add(times.batch_size, std::memory_order_relaxed);
  answered(times.queue + times.input + times.infer + times.output, times.queue);
  input_.add(times.input);
  infer_.add(times.infer);
  output_.add(times.output);
}

void Statistics::succeeded_from_cache(const RequestTimes& times, Duration search) {
  answered(times.queue + search, times.queue);
  cache_hit_.add(search);
}

void Statistics::failed(FailureReason reason, Duration after) {
  failures_[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  fail_.add(after);
}

void Statistics::ended_in_time_or_not(Criticality criticality, DeadlineEnd end) {
  deadlines_[static_cast<std::size_t>(criticality)][static_cast<std::size_t>(end)].fetch_add(
      1, std::memory_order_relaxed);
}

void Statistics::responded(std::uint64_t index, ResponseEnd end, Duration after) {
  constexpr std::uint64_t kMostIndexes = 1'000;
  const auto count = [after](DurationTotal& total) {
    ++total.count;
    total.ns += static_cast<std::uint64_t>(std::max<Duration::rep>(after.count(), 0));
  };
  const std::scoped_lock lock(rare_mutex_);
  ResponseTotals& totals = responses_[std::min(index, kMostIndexes)];
  switch (end) {
    case ResponseEnd::Success:
      count(totals.success);
      count(totals.compute_infer);
      ++totals.compute_output.count;  // the output is handed over, which takes no time of its own
      return;
    case ResponseEnd::Fail:
      return count(totals.fail);
    case ResponseEnd::Empty:
      return count(totals.empty);
    case ResponseEnd::Cancel:
      return count(totals.cancel);
  }
}

StatisticsSnapshot Statistics::snapshot() const {
  StatisticsSnapshot now;
  now.last_inference_ms = last_inference_ms_.load(std::memory_order_relaxed);
  now.inference_count = inference_count_.load(std::memory_order_relaxed);
  now.success = success_.read();
  now.fail = fail_.read();
  now.queue = queue_.read();
  now.compute_input = input_.read();
  now.compute_infer = infer_.read();
  now.compute_output = output_.read();
  now.cache_hit = cache_hit_.read();
  now.cache_miss = cache_miss_.read();
  for (std::size_t i = 0; i < failures_.size(); ++i) {
    now.failures[i] = failures_[i].load(std::memory_order_relaxed);
  }
  for (std::size_t i = 0; i < kCriticalities; ++i) {
    for (std::size_t k = 0; k < kDeadlineEnds; ++k) {
      now.deadlines[i][k] = deadlines_[i][k].load(std::memory_order_relaxed);
    }
  }
  now.execution_count = executions_.load(std::memory_order_relaxed);
  for (std::size_t size = 0; size < small_batches_.size(); ++size) {
    const DurationTotal total = small_batches_[size].read();
    if (total.count > 0) {
      now.batches.emplace(size, total);
    }
  }
  const std::scoped_lock lock(rare_mutex_);
  now.batches.insert(large_batches_.begin(), large_batches_.end());
  now.responses = responses_;
  return now;
}

}  // namespace aion::serving
