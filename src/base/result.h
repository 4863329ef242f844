// What a fallible call returns: a value, or the reason there is none.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace aion {

/// Why a call failed, seen from the caller: what the caller could do about it.
enum class Code {
  InvalidArgument,
  NotFound,
  AlreadyExists,
  PermissionDenied,
  ResourceExhausted,
  FailedPrecondition,
  DeadlineExceeded,
  Cancelled,
  Unavailable,
  Unimplemented,
  Internal,
};

/// The code's name as logs and JSON print it, e.g. "invalid_argument".
[[nodiscard]] std::string_view to_string(Code code);

/// A failure: its kind, and one sentence with the values that made it fail.
struct Error {
  // A constructor, so that g++ 12 does not destroy a braced Error twice inside a coroutine.
  Error(Code why, std::string words) : code(why), message(std::move(words)) {}

  Code code;
  std::string message;
  std::chrono::milliseconds retry_after{0};  // when it may go well; 0 = nobody knows
};

/// The same failure with where it happened in front: "<where>: <message>".
[[nodiscard]] Error in_context(std::string_view where, Error error);

/// A T, or the Error that stands in its place. Names follow std::expected.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  // Both conversions are meant: `return value;` and `return Error{...};` read best.
  // NOLINTBEGIN(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
  [[nodiscard]] Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] const Error& error() const& { return *error_; }
  [[nodiscard]] Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace aion

#define AION_CONCAT_INNER(a, b) a##b
#define AION_CONCAT(a, b) AION_CONCAT_INNER(a, b)
#define AION_TRY_INNER(leave, tmp, decl, expr) \
  auto tmp = (expr);                           \
  if (!tmp)                                    \
    leave std::move(tmp).error();              \
  decl = *std::move(tmp)

/// AION_TRY(auto lease, ledger.take(claim)): binds the value, or returns the Error.
#define AION_TRY(decl, expr) AION_TRY_INNER(return, AION_CONCAT(try_, __LINE__), decl, expr)
/// The same inside a coroutine; `expr` may hold a co_await.
#define AION_CO_TRY(decl, expr) AION_TRY_INNER(co_return, AION_CONCAT(try_, __LINE__), decl, expr)
/// For a Result<void>: carries on, or returns the Error.
#define AION_TRY_VOID(expr) AION_TRY_VOID_INNER(return, AION_CONCAT(try_, __LINE__), expr)
/// The same inside a coroutine.
#define AION_CO_TRY_VOID(expr) AION_TRY_VOID_INNER(co_return, AION_CONCAT(try_, __LINE__), expr)
#define AION_TRY_VOID_INNER(leave, tmp, expr) \
  if (auto tmp = (expr); !tmp)                \
  leave std::move(tmp).error()
