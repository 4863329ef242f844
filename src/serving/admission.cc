#include "serving/admission.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace aion::serving {

namespace {

// How long it waits without having heard anything: a model that was due may have become free to go.
constexpr Duration kLook = std::chrono::milliseconds(100);

// A caller's timer is late now and then.
constexpr Duration kLateness = std::chrono::milliseconds(20);

std::uint64_t memory_of(const std::vector<resource::Claim>& gang) {
  std::uint64_t sum = 0;
  for (const resource::Claim& claim : gang) {
    sum += claim.quantity.memory.count;
  }
  return sum;
}

/// Makes models that become idle tell, for as long as it lives.
class Listening {
 public:
  explicit Listening(UseSignals& signals) : signals_(signals) {
    signals_.waiting.fetch_add(1, std::memory_order_seq_cst);
  }
  ~Listening() { signals_.waiting.fetch_sub(1, std::memory_order_seq_cst); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

 private:
  UseSignals& signals_;
};

/// Whether its next request is expected before it could be back.
bool is_due(const ModelUse& use, TimePoint now) {
  const auto next = use.next_request(now);
  return next && *next - now <= use.reload() + use.reload() / 2 + kLateness;
}

std::uint64_t memory_of(const ModelEntry& entry) {
  std::uint64_t sum = 0;
  for (const auto& [number, version] : entry.versions) {
    sum += version.loaded ? version.loaded->memory.load(std::memory_order_relaxed) : 0;
  }
  return sum;
}

}  // namespace

Admission::Admission(Parts parts, Rules rules, Evict evict)
    : parts_(parts), rules_(rules), evict_(std::move(evict)), turn_(parts.executors.blocking()) {}

Task<std::vector<resource::Lease>> Admission::admit(std::vector<resource::Claim> gang,
                                                    std::string model,
                                                    Room room) {
  const std::uint64_t wanted = memory_of(gang);
  if (wanted == 0) {
    co_return parts_.ledger.take_all(std::move(gang));
  }
  const KeyedMutex::Guard turn = co_await turn_.lock("");
  const Listening listening(*signals_);
  Clock& clock = parts_.executors.clock();
  const TimePoint until = clock.now() + rules_.wait_limit;
  for (;;) {
    const std::uint64_t seen = signals_->changed->count();
    if (is_closed_) {
      co_return Error{Code::Unavailable, "Server not ready"};
    }
    auto leases = parts_.ledger.take_all(gang);
    if (leases || leases.error().code != Code::ResourceExhausted || room == Room::Free) {
      co_return leases;
    }
    AION_CO_TRY(const auto prospect, parts_.ledger.prospect(gang));
    const TimePoint now = clock.now();
    if (prospect.is_never || now >= until) {
      co_return leases;
    }
    make_room(Bytes{wanted}, model);
    co_await signals_->changed->wait(seen, clock, std::min(until, now + kLook), CancelToken());
  }
}

void Admission::close() {
  is_closed_ = true;
  signals_->changed->notify();
}

/// What evicted versions still hold.
std::uint64_t Admission::leaving_bytes() {
  std::uint64_t bytes = 0;
  std::set<std::uint64_t> still;
  for (const resource::Holding& holding : parts_.ledger.holdings()) {
    if (leaving_.contains(holding.id)) {
      still.insert(holding.id);
      bytes += holding.claim.quantity.memory.count;
    }
  }
  leaving_ = std::move(still);
  return bytes;
}

/// Evicts what is missing beside what is free, and what will be when those that were evicted before
/// have gone.
void Admission::make_room(Bytes wanted, const std::string& model) {
  const std::uint64_t coming = parts_.ledger.balances().front().free.memory.count + leaving_bytes();
  if (coming >= wanted.count) {
    return;
  }
  const Bytes missing{wanted.count - coming};
  if (!evict_some(missing, model, false)) {
    // Its own old version does not stay in service where both do not fit.
    static_cast<void>(evict_some(missing, model, true));
  }
}

/// Whether idle models hold enough; then some of them go.
bool Admission::evict_some(Bytes missing, const std::string& model, bool with_own) {
  const TimePoint now = parts_.executors.clock().now();
  const auto models = parts_.table.snapshot();
  std::vector<ModelHistory> histories;
  std::vector<std::pair<std::string, std::shared_ptr<ModelUse>>> idle;
  for (const auto& [name, entry] : *models) {
    const std::uint64_t memory = memory_of(entry);
    const bool may_go = (with_own || name != model) && memory > 0 && entry.use &&
                        !entry.use->is_pinned() && !entry.use->is_held() &&
                        !is_due(*entry.use, now);
    if (may_go) {
      histories.push_back(entry.use->history(Bytes{memory}));
      idle.emplace_back(name, entry.use);
    }
  }
  const auto victims = choose_victims(histories, missing, rules_.score);
  for (const std::size_t i : victims) {
    for (const std::uint64_t lease : evict_(idle[i].first)) {
      leaving_.insert(lease);
    }
    idle[i].second->note_eviction();
    const double age = std::max(signals_->age.load(), rules_.score(histories[i]));
    signals_->age = age;
  }
  return !victims.empty();
}

}  // namespace aion::serving
