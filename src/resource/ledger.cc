#include "resource/ledger.h"

#include <map>
#include <mutex>
#include <utility>

namespace aion::resource {

struct Ledger::Book {
  mutable std::mutex mutex;
  std::uint64_t next_id = 1;
  std::map<std::uint64_t, Claim> out;
};

Ledger::Ledger(DeviceId device) : device_(device), book_(std::make_shared<Book>()) {}

Result<Lease> Ledger::take(Claim claim) {
  if (claim.device != device_) {
    return Error{Code::NotFound,
                 "no device '" + to_string(claim.device) + "' for " + claim.holder +
                     "; this machine has '" + to_string(device_) + "'"};
  }
  const std::scoped_lock lock(book_->mutex);
  const std::uint64_t id = book_->next_id++;
  book_->out.emplace(id, claim);
  auto give_back = [book = book_, id](const Claim& /*claim*/) {
    const std::scoped_lock relock(book->mutex);
    book->out.erase(id);
  };
  return Lease(std::move(claim), std::move(give_back));
}

std::vector<Holding> Ledger::holdings() const {
  const std::scoped_lock lock(book_->mutex);
  std::vector<Holding> holdings;
  for (const auto& [id, claim] : book_->out) {
    holdings.push_back({claim, id});
  }
  return holdings;
}

}  // namespace aion::resource
