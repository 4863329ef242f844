#include "store/store.h"

#include <memory>
#include <utility>

#include "base/spawn.h"

namespace aion::store {

Value value_of(std::optional<std::string> text) {
  return text ? Value(*std::move(text)) : Value();
}

Value value_of(std::optional<std::int64_t> number) {
  return number ? Value(*number) : Value();
}

Result<std::optional<std::int64_t>> Reader::integer(std::string_view sql,
                                                    std::initializer_list<Value> values) {
  std::optional<std::int64_t> found;
  AION_TRY_VOID(query(sql, values, [&](const Row& row) -> Result<bool> {
    if (!row.is_null(0)) {
      found = row.integer(0);
    }
    return false;
  }));
  return found;
}

Result<std::optional<std::string>> Reader::text(std::string_view sql,
                                                std::initializer_list<Value> values) {
  std::optional<std::string> found;
  AION_TRY_VOID(query(sql, values, [&](const Row& row) -> Result<bool> {
    if (!row.is_null(0)) {
      found = row.text(0);
    }
    return false;
  }));
  return found;
}

Task<void> Store::write(Change change) {
  const Executor executor = co_await spawn_executor();
  auto outcome = std::make_shared<Result<void>>();
  auto shared = std::make_shared<Change>(std::move(change));
  std::function<void(Resume)> start = [this, executor, outcome, shared](const Resume& resume) {
    enqueue(std::move(*shared), [executor, outcome, resume](Result<void> result) {
      *outcome = std::move(result);
      resume(executor);
    });
  };
  co_await suspend(std::move(start));
  co_return std::move(*outcome);
}

}  // namespace aion::store
