// Makes traces up, the same on every machine.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/portable_math.h"
#include "base/result.h"
#include "simulate/trace.h"

namespace aion::simulate {

/// What is made. Sizes and runtimes follow the model of Lublin and Feitelson (JPDC 63, 2003): a
/// two-stage uniform distribution of log2(processors), mostly powers of two, and a hyper-gamma
/// distribution of log(runtime) whose mix depends on the size. The rest is simpler than theirs:
/// arrivals are a Poisson process with a daily cycle, users ask for the next of 17 round times
/// above a multiple of the runtime that is their habit, a tenth of the jobs has a deadline.
struct SyntheticOptions {
  std::int64_t jobs = 10'000;
  std::int32_t processors = 256;
  double load = 0.8;  // work over what the machine can do until the last arrival, about
  std::uint64_t seed = 1;
  std::int32_t widest = 0;  // most processors of one job; 0 = those of the machine

  /// InvalidArgument names the field, what it may be and what it is.
  [[nodiscard]] Result<void> check() const;
};

/// Gives the jobs in order of submission, the same for the same options. Memory does not grow.
class SyntheticJobs {
 public:
  /// Makes all jobs once to add up their work, which takes half as long as making them.
  explicit SyntheticJobs(const SyntheticOptions& options);  // checked

  /// InvalidArgument when the trace would last longer than a reader takes (kMostSeconds).
  [[nodiscard]] Result<void> check_span() const;

  /// False behind the last.
  bool next(TraceJob& job);

 private:
  struct Shape {
    std::int32_t processors;
    std::int64_t runtime;
  };
  static Shape shape(PortableRandom& random, std::int32_t widest);
  double next_arrival();

  SyntheticOptions options_;
  PortableRandom shapes_;
  PortableRandom arrivals_;
  PortableRandom people_;
  double pause_ = 0;     // mean seconds between submissions
  double cycle_at_ = 0;  // how much of the daily cycle has passed, as if it were even
  std::int64_t made_ = 0;
};

/// All of them in memory.
[[nodiscard]] Result<Trace> synthetic_trace(const SyntheticOptions& options);

/// Where text goes; an Error ends the writing.
using TextSink = std::function<Result<void>(std::string_view)>;

/// The same as SWF 2.2, a megabyte at a time.
[[nodiscard]] Result<void> write_synthetic_swf(const SyntheticOptions& options,
                                               const TextSink& sink);

}  // namespace aion::simulate
