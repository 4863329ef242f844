#include "resource/ledger.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "base/assert.h"
#include "resource/amounts.h"
#include "resource/core_choice.h"

namespace aion::resource {

namespace {

/// Claims by device, added up.
using Wanted = std::map<DeviceId, Amounts>;

Error refused(const Claim& claim, const std::string& why) {
  return {Code::InvalidArgument, claim.holder + ": " + why};
}

std::string number_text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", number);
  return text.data();
}

std::string amount_text(const std::string& what, double amount) {
  return what == kMemory ? to_string(Bytes{static_cast<std::uint64_t>(amount)})
                         : number_text(amount) + " " + what;
}

/// Whole cores that are free by count are then free CPUs, too.
bool can_pin_all(const Capacity& capacity) {
  return capacity.cpus.empty() ||
         capacity.quantity.cores <= static_cast<double>(capacity.cpus.size());
}

std::string seconds_text(Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  return number_text(std::max(0.0, seconds)) + " s";
}

}  // namespace

std::string describe(const Prospect& prospect) {
  if (prospect.lacks.empty()) {
    return "there is room for it";
  }
  std::string text;
  for (const Lack& lack : prospect.lacks) {
    text += text.empty() ? "" : "; ";
    text += to_string(lack.device) + ": wants " + amount_text(lack.what, lack.wanted);
    text += lack.wanted > lack.capacity
                ? ", which is more than the " + amount_text(lack.what, lack.capacity) + " there are"
                : ", " + amount_text(lack.what, lack.free) + " of " +
                      amount_text(lack.what, lack.capacity) + " are free";
  }
  if (prospect.is_never) {
    return text + ": never on this machine";
  }
  constexpr std::size_t kMostNamed = 3;
  for (std::size_t i = 0; i < std::min(prospect.holders.size(), kMostNamed); ++i) {
    text += (i == 0 ? "; held by " : ", ") + prospect.holders[i].claim.holder;
  }
  if (prospect.holders.size() > kMostNamed) {
    text += " and " + std::to_string(prospect.holders.size() - kMostNamed) + " others";
  }
  return text;
}

std::string describe(const Prospect& prospect, TimePoint now) {
  const std::string text = describe(prospect);
  if (prospect.lacks.empty() || prospect.is_never) {
    return text;
  }
  return text + (prospect.starts == kNever
                     ? "; nobody has said when it is given back"
                     : "; believed to be free in " + seconds_text(prospect.starts - now));
}

struct Ledger::Book {
  struct Account {
    Capacity capacity;
    Amounts there;
    Amounts out;
    std::vector<bool> is_pinned;  // by position in capacity.cpus
  };

  mutable std::mutex mutex;
  std::vector<Account> accounts;
  std::uint64_t next_id = 1;
  std::map<std::uint64_t, Holding> holdings;
  std::vector<std::function<void()>> listeners;  // not under the mutex: set before the first lease

  [[nodiscard]] Account* find(DeviceId device) {
    const auto found = std::ranges::find(
        accounts, device, [](const Account& account) { return account.capacity.device; });
    return found == accounts.end() ? nullptr : &*found;
  }
  [[nodiscard]] Result<Wanted> add_up(std::span<const Claim> gang);
  [[nodiscard]] std::vector<Lack> lacks(const Wanted& wanted);
  [[nodiscard]] Prospect prospect(const Wanted& wanted);
  [[nodiscard]] TimePoint predict(const Wanted& wanted);
  [[nodiscard]] static std::vector<std::uint32_t> choose(const Account& account,
                                                         const Claim& claim);
  [[nodiscard]] Lease grant(const std::shared_ptr<Book>& self,
                            Claim claim,
                            std::vector<std::uint32_t> cpus);
  void give_back(std::uint64_t id);
  void tell() const {
    std::ranges::for_each(listeners, [](const auto& listener) { listener(); });
  }
};

Result<Wanted> Ledger::Book::add_up(std::span<const Claim> gang) {
  Wanted wanted;
  for (const Claim& claim : gang) {
    if (find(claim.device) == nullptr) {
      std::string names;
      for (const Account& account : accounts) {
        names += (names.empty() ? "'" : ", '") + to_string(account.capacity.device) + "'";
      }
      return Error{Code::NotFound,
                   "no device '" + to_string(claim.device) + "' for " + claim.holder +
                       "; this machine has " + names};
    }
    const double cores = claim.quantity.cores;
    if (claim.core_use == CoreUse::Pinned && (cores < 1 || cores != std::floor(cores))) {
      return refused(claim,
                     "pinned cores: expected a whole number from 1 up, got " + number_text(cores));
    }
    if (claim.core_use == CoreUse::Pinned && find(claim.device)->capacity.cpus.empty()) {
      return refused(claim, to_string(claim.device) + " has no cores that can be pinned");
    }
    AION_TRY(const Amounts amounts, amounts_of(claim));
    add(wanted[claim.device], amounts);
  }
  return wanted;
}

std::vector<Lack> Ledger::Book::lacks(const Wanted& wanted) {
  std::vector<Lack> lacks;
  for (const auto& [device, amounts] : wanted) {
    const Account& account = *find(device);
    for (const auto& [what, value] : amounts) {
      const std::int64_t there = amount(account.there, what);
      const std::int64_t free = std::max<std::int64_t>(0, there - amount(account.out, what));
      if (value > free) {
        lacks.push_back({device,
                         what,
                         for_people(what, value),
                         for_people(what, free),
                         for_people(what, there)});
      }
    }
  }
  return lacks;
}

Prospect Ledger::Book::prospect(const Wanted& wanted) {
  Prospect prospect;
  prospect.lacks = lacks(wanted);
  if (prospect.lacks.empty()) {
    return prospect;
  }
  prospect.is_never = std::ranges::any_of(
      prospect.lacks, [](const Lack& lack) { return lack.wanted > lack.capacity; });
  std::vector<std::pair<double, const Holding*>> holders;
  for (const auto& [id, holding] : holdings) {
    double share = 0;
    const Amounts held = *amounts_of(holding.claim);  // it was granted: it is in order
    for (const Lack& lack : prospect.lacks) {
      if (holding.claim.device == lack.device && lack.capacity > 0) {
        share += for_people(lack.what, amount(held, lack.what)) / lack.capacity;
      }
    }
    if (share > 0) {
      holders.emplace_back(share, &holding);
    }
  }
  std::ranges::stable_sort(
      holders, std::ranges::greater{}, &std::pair<double, const Holding*>::first);
  for (const auto& [share, holding] : holders) {
    prospect.holders.push_back(*holding);
  }
  prospect.starts = prospect.is_never ? kNever : predict(wanted);
  return prospect;
}

/// When enough of what is out is believed to have been given back.
TimePoint Ledger::Book::predict(const Wanted& wanted) {
  std::vector<const Holding*> by_end;
  for (const auto& [id, holding] : holdings) {
    if (holding.claim.ends != kNever) {
      by_end.push_back(&holding);
    }
  }
  std::ranges::stable_sort(by_end, {}, [](const Holding* holding) { return holding->claim.ends; });
  std::map<DeviceId, Amounts> out;
  for (const Account& account : accounts) {
    out[account.capacity.device] = account.out;
  }
  const auto fits = [&] {
    return std::ranges::all_of(wanted, [&](const auto& of_device) {
      const Account& account = *find(of_device.first);
      return std::ranges::all_of(of_device.second, [&](const auto& one) {
        return one.second <=
               amount(account.there, one.first) - amount(out[of_device.first], one.first);
      });
    });
  };
  for (const Holding* const holding : by_end) {
    subtract(out[holding->claim.device], *amounts_of(holding->claim));
    if (fits()) {
      return holding->claim.ends;
    }
  }
  return kNever;
}

/// There is room: the sum of what is out says so.
std::vector<std::uint32_t> Ledger::Book::choose(const Account& account, const Claim& claim) {
  if (claim.core_use != CoreUse::Pinned) {
    return {};
  }
  auto chosen = choose_cpus(
      account.capacity.cpus, account.is_pinned, static_cast<std::size_t>(claim.quantity.cores));
  AION_ASSERT(!chosen.empty());
  return chosen;
}

Lease Ledger::Book::grant(const std::shared_ptr<Book>& self,
                          Claim claim,
                          std::vector<std::uint32_t> cpus) {
  Account& account = *find(claim.device);
  for (std::size_t i = 0; i < account.capacity.cpus.size(); ++i) {
    if (std::ranges::binary_search(cpus, account.capacity.cpus[i].number)) {
      account.is_pinned[i] = true;
    }
  }
  Holding holding{claim, next_id++, std::move(cpus)};
  add(account.out, *amounts_of(claim));
  auto give_back = [self, id = holding.id](const Claim& /*claim*/) {
    self->give_back(id);
  };
  Lease lease(std::move(claim), std::move(give_back), holding.cpus, holding.id);
  holdings.emplace(holding.id, std::move(holding));
  return lease;
}

void Ledger::Book::give_back(std::uint64_t id) {
  {
    const std::scoped_lock lock(mutex);
    const auto held = holdings.extract(id);
    const Holding& holding = held.mapped();
    Account& account = *find(holding.claim.device);
    subtract(account.out, *amounts_of(holding.claim));
    for (std::size_t i = 0; i < account.capacity.cpus.size(); ++i) {
      if (std::ranges::binary_search(holding.cpus, account.capacity.cpus[i].number)) {
        account.is_pinned[i] = false;
      }
    }
  }
  tell();
}

Ledger::Ledger(std::vector<Capacity> capacities) : book_(std::make_shared<Book>()) {
  AION_ASSERT(!capacities.empty());
  for (Capacity& capacity : capacities) {
    AION_ASSERT(book_->find(capacity.device) == nullptr && can_pin_all(capacity));
    Amounts there = amounts_of(capacity.quantity);
    const std::vector<bool> is_pinned(capacity.cpus.size());
    book_->accounts.push_back({std::move(capacity), std::move(there), {}, is_pinned});
  }
}

Ledger Ledger::without_limit(DeviceId device) {
  constexpr double kMany = 1e12;
  return Ledger({{device, {kMany, Bytes{std::numeric_limits<std::uint64_t>::max()}}}});
}

DeviceId Ledger::device() const {
  return book_->accounts.front().capacity.device;
}

Result<Lease> Ledger::take(Claim claim) {
  std::vector<Claim> gang;
  gang.push_back(std::move(claim));
  AION_TRY(auto leases, take_all(std::move(gang)));
  return std::move(leases.front());
}

Result<std::vector<Lease>> Ledger::take_all(std::vector<Claim> gang) {
  // Before the lock is taken, so that leases of a gang that fails are not given back under it.
  std::vector<Lease> leases;
  leases.reserve(gang.size());
  const std::scoped_lock lock(book_->mutex);
  AION_TRY(const Wanted wanted, book_->add_up(gang));
  if (const Prospect prospect = book_->prospect(wanted); !prospect.lacks.empty()) {
    const std::string holder = gang.front().holder;
    return Error{Code::ResourceExhausted, holder + ": " + describe(prospect)};
  }
  for (Claim& claim : gang) {
    auto cpus = Book::choose(*book_->find(claim.device), claim);
    leases.push_back(book_->grant(book_, std::move(claim), std::move(cpus)));
  }
  return leases;
}

Result<Lease> Ledger::adopt(Claim claim, std::vector<std::uint32_t> cpus) {
  const std::scoped_lock lock(book_->mutex);
  AION_TRY_VOID(book_->add_up(std::span<const Claim>(&claim, 1)));
  std::ranges::sort(cpus);
  return book_->grant(book_, std::move(claim), std::move(cpus));
}

Result<void> Ledger::set_memory(std::uint64_t lease, Bytes memory) {
  const std::shared_ptr<Book> book = book_;
  bool is_less = false;
  {
    const std::scoped_lock lock(book->mutex);
    const auto held = book->holdings.find(lease);
    if (held == book->holdings.end()) {
      return Error{Code::NotFound, "no lease " + std::to_string(lease) + " is out"};
    }
    Claim& claim = held->second.claim;
    is_less = memory < claim.quantity.memory;
    if (memory > claim.quantity.memory) {
      Claim more{
          claim.holder, claim.device, {0, Bytes{memory.count - claim.quantity.memory.count}}};
      AION_TRY(const Wanted wanted, book->add_up(std::span<const Claim>(&more, 1)));
      if (const Prospect prospect = book->prospect(wanted); !prospect.lacks.empty()) {
        return Error{Code::ResourceExhausted, claim.holder + ": " + describe(prospect)};
      }
    }
    Amounts& out = book->find(claim.device)->out;
    subtract(out, *amounts_of(claim));
    claim.quantity.memory = memory;
    add(out, *amounts_of(claim));
  }
  if (is_less) {
    book->tell();
  }
  return {};
}

Result<Prospect> Ledger::prospect(std::span<const Claim> gang) const {
  const std::scoped_lock lock(book_->mutex);
  AION_TRY(const Wanted wanted, book_->add_up(gang));
  return book_->prospect(wanted);
}

std::vector<Holding> Ledger::holdings() const {
  const std::scoped_lock lock(book_->mutex);
  std::vector<Holding> holdings;
  for (const auto& [id, holding] : book_->holdings) {
    holdings.push_back(holding);
  }
  return holdings;
}

std::vector<Balance> Ledger::balances() const {
  const std::scoped_lock lock(book_->mutex);
  std::vector<Balance> balances;
  for (const Book::Account& account : book_->accounts) {
    Amounts free = account.there;
    subtract(free, account.out);
    balances.push_back({account.capacity, quantity_of(free)});
  }
  return balances;
}

void Ledger::resize(DeviceId device, const Quantity& quantity) {
  {
    const std::scoped_lock lock(book_->mutex);
    Book::Account* const account = book_->find(device);
    AION_ASSERT(account != nullptr);
    account->capacity.quantity = quantity;
    AION_ASSERT(can_pin_all(account->capacity));
    account->there = amounts_of(quantity);
  }
  book_->tell();
}

void Ledger::when_freed(std::function<void()> tell) {
  book_->listeners.push_back(std::move(tell));
}

}  // namespace aion::resource
