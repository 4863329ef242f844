// Sends one request again and again over several connections and measures how long the answers
// take.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/latency_histogram.h"
#include "base/result.h"

namespace aion::net {

struct LoadConfig {
  std::string address = "127.0.0.1";  // a number, or "localhost"
  std::uint16_t port = 0;
  std::string request;  // a whole HTTP/1.1 request, sent as it is
  std::size_t connections = 1;
  /// Closed loop without it: each connection sends the next when it is answered. Open loop with it:
  /// so many requests a second are meant to be sent, evenly spaced, whatever the answers do; a
  /// latency counts from the intended time.
  std::optional<double> requests_per_second;
  /// Ends after so many requests; 0 = after `duration`.
  std::uint64_t request_count = 0;
  Duration duration = std::chrono::seconds(10);
  /// How long an answer may take; the connection is given up then.
  Duration answer_timeout = std::chrono::seconds(30);
};

struct LoadReport {
  LatencyHistogram latency;    // of all answers, good or not
  std::uint64_t answered = 0;  // with any status
  std::uint64_t not_ok = 0;    // of these: with another status than 2xx
  std::uint64_t errors = 0;    // requests without an answer
  std::uint64_t unsent = 0;    // open loop: due before the end, but no connection became free
  Duration elapsed{0};         // from the first request to the last answer
  int failing_status = 0;      // of the first answer that was not 2xx
  std::string failing_body;
  std::string first_error;  // why the first request had no answer
};

/// Runs on the calling thread until it is done. Fails with InvalidArgument for a configuration that
/// makes no sense, with Unavailable when it cannot connect.
[[nodiscard]] Result<LoadReport> generate_load(const LoadConfig& config);

}  // namespace aion::net
