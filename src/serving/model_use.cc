#include "serving/model_use.h"

#include <cmath>
#include <utility>

namespace aion::serving {

namespace {

// After so many requests to all models together an old one counts half.
constexpr double kHalfLife = 4096;

}  // namespace

ModelUse::Hold::Hold(std::shared_ptr<ModelUse> use) : use_(std::move(use)) {
  if (use_) {
    use_->holds_.fetch_add(1, std::memory_order_acq_rel);
  }
}

ModelUse::Hold::~Hold() {
  if (!use_ || use_->holds_.fetch_sub(1, std::memory_order_seq_cst) != 1) {
    return;
  }
  if (use_->signals_->waiting.load(std::memory_order_seq_cst) > 0) {
    use_->signals_->changed->notify();
  }
}

void ModelUse::note_request(TimePoint now) {
  const Duration::rep ns = now.time_since_epoch().count();
  const Duration::rep before = last_ns_.exchange(ns, std::memory_order_relaxed);
  requests_.fetch_add(1, std::memory_order_relaxed);
  signals_->requests.fetch_add(1, std::memory_order_relaxed);
  age_at_use_.store(signals_->age.load(std::memory_order_relaxed), std::memory_order_relaxed);
  // Requests that follow each other closely are no rhythm, and need no lock.
  if (before == 0 || ns - before >= Rhythm::kBurst.count()) {
    const std::scoped_lock lock(rhythm_mutex_);
    rhythm_.note(now);
  }
}

void ModelUse::note_load(Duration took) {
  const Duration::rep before = reload_ns_.load(std::memory_order_relaxed);
  // The last one counts half: the first load of a model also optimises it.
  reload_ns_.store(before == 0 ? took.count() : (before + took.count()) / 2,
                   std::memory_order_relaxed);
  load_ns_.fetch_add(took.count(), std::memory_order_relaxed);
  loads_.fetch_add(1, std::memory_order_relaxed);
}

void ModelUse::set_pinned(bool is_pinned) {
  is_pinned_.store(is_pinned, std::memory_order_relaxed);
  if (!is_pinned) {
    signals_->changed->notify();
  }
}

std::optional<TimePoint> ModelUse::next_request(TimePoint now) const {
  const std::scoped_lock lock(rhythm_mutex_);
  return rhythm_.next(now);
}

ModelHistory ModelUse::history(Bytes memory) {
  const std::uint64_t requests = requests_.load(std::memory_order_relaxed);
  const std::uint64_t of_all = signals_->requests.load(std::memory_order_relaxed);
  faded_ *= std::exp2(-static_cast<double>(of_all - counted_of_all_) / kHalfLife);
  faded_ += static_cast<double>(requests - counted_);
  counted_ = requests;
  counted_of_all_ = of_all;
  return {faded_,
          TimePoint{Duration{last_ns_.load(std::memory_order_relaxed)}},
          memory,
          reload(),
          age_at_use_.load(std::memory_order_relaxed)};
}

}  // namespace aion::serving
