// Tables that outlive the daemon: the port through which every room keeps its records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/task.h"

namespace aion::store {

/// Bytes that are no text.
struct Blob {
  std::string bytes;
};

/// What is bound to a statement's `?`, in order; monostate is NULL. Text is UTF-8 without zeros.
using Value = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

[[nodiscard]] Value value_of(std::optional<std::string> text);
[[nodiscard]] Value value_of(std::optional<std::int64_t> number);

/// One row of an answer, valid until the next one is asked for. Columns count from zero; one that
/// is not there is a bug. A number read as text is converted, NULL is zero or empty.
class Row {
 public:
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual double real(int column) const = 0;
  [[nodiscard]] virtual std::string text(int column) const = 0;  // also the bytes of a blob

 protected:
  ~Row() = default;
};

using Values = std::span<const Value>;

/// A state of all tables at one moment. Passed between rooms for the time of one call, by whoever
/// began it; never kept.
class Reader {
 public:
  /// Tells `each` every row, until it returns false or fails.
  [[nodiscard]] virtual Result<void> query(std::string_view sql,
                                           Values values,
                                           const std::function<Result<bool>(const Row&)>& each) = 0;
  [[nodiscard]] Result<void> query(std::string_view sql,
                                   std::initializer_list<Value> values,
                                   const std::function<Result<bool>(const Row&)>& each) {
    return query(sql, Values(values.begin(), values.size()), each);
  }
  /// Of the first row the first column; nothing when there is no row, or NULL in it.
  [[nodiscard]] Result<std::optional<std::int64_t>> integer(std::string_view sql,
                                                            std::initializer_list<Value> values);
  [[nodiscard]] Result<std::optional<std::string>> text(std::string_view sql,
                                                        std::initializer_list<Value> values);

 protected:
  ~Reader() = default;
};

/// A transaction that changes tables, all of it or nothing.
class Writer : public Reader {
 public:
  /// How many rows it has changed.
  [[nodiscard]] virtual Result<std::int64_t> execute(std::string_view sql, Values values) = 0;
  [[nodiscard]] Result<std::int64_t> execute(std::string_view sql,
                                             std::initializer_list<Value> values) {
    return execute(sql, Values(values.begin(), values.size()));
  }
  /// The key that the last INSERT has been given.
  [[nodiscard]] virtual std::int64_t last_key() const = 0;

 protected:
  ~Writer() = default;
};

/// What a transaction does. It runs on a thread of the store, may run there at any later time, and
/// must not wait for the store. A failure takes back what it has changed, and nothing else.
using Change = std::function<Result<void>(Writer&)>;
using Look = std::function<Result<void>(Reader&)>;

/// Failures that any call may have: ResourceExhausted (the disk is full, or too much waits),
/// Unavailable (closed, or locked by somebody else), Internal (the file is damaged);
/// AlreadyExists when a key is taken; FailedPrecondition when a constraint does not hold.
///
/// Thread safety: all methods may be called from any thread.
class Store {
 public:
  virtual ~Store() = default;

  /// Takes the change at once, behind all that were given before; many share one commit. `done` is
  /// told on a thread of the store when it is on the disk, or will never be.
  virtual void enqueue(Change change, std::function<void(Result<void>)> done) = 0;

  /// The same for those who wait; continues on its spawn executor.
  [[nodiscard]] Task<void> write(Change change);

  /// Looks at one state of the tables that has all that was acknowledged before the call.
  [[nodiscard]] virtual Task<void> read(Look look) = 0;

  /// How many changes are on the disk, and in how many commits.
  struct Counts {
    std::uint64_t changes = 0;
    std::uint64_t commits = 0;
  };
  [[nodiscard]] virtual Counts counts() const = 0;
};

/// A step of a room's tables. Forward only: what has been released is never edited.
struct Migration {
  std::string_view room;  // "jobs"
  int number = 1;         // 1, 2, ... in each room
  std::string_view sql;   // statements that end with semicolons
};

}  // namespace aion::store
