// What travels with a request from the socket to the backend.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/cancel.h"
#include "base/clock.h"

namespace aion {

/// Who calls. Made by `security` after it has checked the credentials.
struct Principal {
  std::string id;       // stable, e.g. "loopback" or a user's id
  std::string project;  // the tenant it acts for; "default" until another is made
};

/// How bad it is when a request is late. Larger is worse.
enum class Criticality : std::uint8_t { BestEffort, Normal, Safety };
inline constexpr std::size_t kCriticalities = 3;

/// As clients and configurations write it: "safety", "normal", "best-effort".
[[nodiscard]] std::string_view to_string(Criticality criticality);
/// Nothing for another word.
[[nodiscard]] std::optional<Criticality> find_criticality(std::string_view word);

/// W3C Trace Context, https://www.w3.org/TR/trace-context: all zero = not traced.
struct TraceContext {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> parent_id{};
  bool is_sampled = false;
};

/// Copied by value down the frames of a request; every member is cheap to copy when unused.
struct RequestContext {
  std::shared_ptr<const Principal> principal;  // never null behind `protocol`
  TimePoint deadline = kNever;
  Criticality criticality = Criticality::Normal;
  CancelToken cancel;
  TraceContext trace;
  std::string idempotency_key;          // empty = none
  Bytes byte_budget = Bytes::mebi(64);  // the most that the request's decoded input may take
};

}  // namespace aion
