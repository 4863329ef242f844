// Tells work that nobody waits for its result any more.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace aion {

namespace detail {
struct CancelState;
}

/// Calls back when a token is cancelled; destroying it waits for a call that is under way, then
/// unhooks.
class CancelHook {
 public:
  CancelHook() = default;
  CancelHook(std::shared_ptr<detail::CancelState> state, std::uint64_t id);
  ~CancelHook();
  CancelHook(CancelHook&& other) noexcept;
  CancelHook& operator=(CancelHook&& other) noexcept;

 private:
  std::shared_ptr<detail::CancelState> state_;
  std::uint64_t id_ = 0;
};

/// Asks whether the work is still wanted. A default-made token is never cancelled and costs
/// nothing.
///
/// Thread safety: all methods may be called from any thread; copies refer to the same source.
class CancelToken {
 public:
  CancelToken() = default;
  explicit CancelToken(std::shared_ptr<detail::CancelState> state) : state_(std::move(state)) {}

  [[nodiscard]] bool is_cancelled() const;
  [[nodiscard]] bool can_be_cancelled() const { return state_ != nullptr; }

  /// Calls `then` once when the source is cancelled, on the thread that cancels; at once, on this
  /// thread, when it is cancelled already. `then` must not destroy its own hook.
  [[nodiscard]] CancelHook when_cancelled(std::function<void()> then) const;

 private:
  std::shared_ptr<detail::CancelState> state_;
};

/// The side that cancels.
class CancelSource {
 public:
  CancelSource();
  [[nodiscard]] CancelToken token() const { return CancelToken(state_); }
  /// Cancels all tokens; the second call does nothing.
  void cancel();

 private:
  std::shared_ptr<detail::CancelState> state_;
};

}  // namespace aion
