// Compiled with -ffp-contract=off (cmake/rooms.cmake), as base/portable_math.cc is.
#include "simulate/synthetic.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <numbers>
#include <string>

#include "base/json.h"
#include "simulate/trace_builder.h"

namespace aion::simulate {
namespace {

constexpr std::int64_t kMostMade = 100'000'000;
constexpr std::int32_t kMostMachine = 10'000'000;
constexpr double kMinute = 60;
constexpr double kHour = 3600;
constexpr double kLongest = 60 * kHour;  // as in the model's own program
constexpr std::size_t kUsers = 64;
constexpr std::uint64_t kProgramsOfUser = 4;

// The model's parameters for batch and interactive jobs together.
constexpr double kSerial = 0.244;
constexpr double kPowerOfTwo = 0.576;
constexpr double kLowSize = 0.8;  // log2 of processors
constexpr double kMiddleBelowHigh = 2.5;
constexpr double kLowerStage = 0.86;
constexpr double kShortShape = 4.2;
constexpr double kShortScale = 0.94;
constexpr double kLongShape = 312;
constexpr double kLongScale = 0.03;
constexpr double kMixSlope = -0.0054;
constexpr double kMixBase = 0.78;

constexpr std::array kRoundRequests{5 * kMinute,
                                    10 * kMinute,
                                    15 * kMinute,
                                    30 * kMinute,
                                    1 * kHour,
                                    2 * kHour,
                                    3 * kHour,
                                    4 * kHour,
                                    6 * kHour,
                                    8 * kHour,
                                    12 * kHour,
                                    18 * kHour,
                                    24 * kHour,
                                    36 * kHour,
                                    48 * kHour,
                                    60 * kHour,
                                    72 * kHour};

// Submissions an hour over the day, for a mean of 1: few at night, most between 10 and 17.
constexpr std::array kDay{0.45, 0.35, 0.30, 0.25, 0.25, 0.30, 0.40, 0.60, 1.00, 1.45, 1.75, 1.75,
                          1.55, 1.60, 1.75, 1.75, 1.65, 1.45, 1.15, 0.95, 0.90, 0.85, 0.85, 0.70};
static_assert(kDay.size() == 24);

constexpr double sum_of_day() {
  double sum = 0;
  for (const double hour : kDay) {
    sum += hour;
  }
  return sum;
}

/// The user of a job: the k-th of them submits 1/k as much as the first.
std::size_t user(PortableRandom& random) {
  static const auto shares_of_users = [] {
    std::array<double, kUsers> shares{};
    double sum = 0;
    for (std::size_t k = 0; k < kUsers; ++k) {
      sum += 1.0 / static_cast<double>(k + 1);
      shares[k] = sum;
    }
    return shares;
  }();
  const double at = random.uniform() * shares_of_users.back();
  return static_cast<std::size_t>(
      std::lower_bound(shares_of_users.begin(), shares_of_users.end(), at) -
      shares_of_users.begin());
}

/// By how much that user asks for too much: 1 to 9 times, the same for all jobs but a little.
double habit(std::size_t of_user, PortableRandom& random) {
  const double own = static_cast<double>((of_user * 7) % kUsers) / kUsers;
  return 1 + 6 * own + 2 * random.uniform();
}

std::int64_t round_request(double seconds) {
  const auto* const at = std::lower_bound(kRoundRequests.begin(), kRoundRequests.end(), seconds);
  return static_cast<std::int64_t>(at == kRoundRequests.end() ? kRoundRequests.back() : *at);
}

template <class Number>
Result<void> within(std::string_view name, Number value, Number least, Number most) {
  if (value >= least && value <= most) {
    return {};
  }
  return Error{Code::InvalidArgument,
               std::string(name) + ": expected " + Json(least).dump() + " to " + Json(most).dump() +
                   ", got " + Json(value).dump()};
}

/// Fields of one line, written where they stand.
class Line {
 public:
  void field(std::int64_t value) {
    const auto [end, error] = std::to_chars(at_, text_.data() + text_.size(), value);
    at_ = end;
    *at_++ = ' ';
  }
  std::string_view end() {
    at_[-1] = '\n';
    return {text_.data(), static_cast<std::size_t>(at_ - text_.data())};
  }

 private:
  std::array<char, std::size_t{18} * 21> text_{};
  char* at_ = text_.data();
};

void append_swf(const TraceJob& job, std::string& text) {
  Line line;
  line.field(job.id);
  line.field(job.submit);
  line.field(-1);  // wait
  line.field(job.runtime);
  line.field(job.processors);
  line.field(-1);
  line.field(-1);
  line.field(job.processors);
  line.field(job.request);
  line.field(-1);
  line.field(1);  // completed
  line.field(job.user + 1);
  line.field(-1);
  line.field(job.name + 1);
  line.field(job.priority);
  line.field(-1);
  line.field(-1);
  line.field(job.deadline < 0 ? -1 : job.deadline - job.submit);
  text += line.end();
}

std::string swf_header(const SyntheticOptions& options) {
  return "; Version: 2.2\n; Computer: none, made by aion simulate --generate\n; Note: sizes and "
         "runtimes after Lublin and Feitelson (2003); load " +
         Json(options.load).dump() + ", seed " + std::to_string(options.seed) +
         "\n; Note: field 15 is the priority, field 18 the deadline in seconds after the "
         "submission\n; MaxJobs: " +
         std::to_string(options.jobs) + "\n; MaxRecords: " + std::to_string(options.jobs) +
         "\n; MaxNodes: " + std::to_string(options.processors) +
         "\n; MaxProcs: " + std::to_string(options.processors) + "\n";
}

std::int32_t widest_of(const SyntheticOptions& options) {
  return options.widest > 0 ? options.widest : options.processors;
}

}  // namespace

Result<void> SyntheticOptions::check() const {
  AION_TRY_VOID(within<std::int64_t>("jobs", jobs, 1, kMostMade));
  AION_TRY_VOID(within<std::int32_t>("processors", processors, 1, kMostMachine));
  AION_TRY_VOID(within("load", load, 0.001, 100.0));
  return within<std::int32_t>("widest", widest, 0, processors);
}

SyntheticJobs::SyntheticJobs(const SyntheticOptions& options)
    : options_(options),
      shapes_(options.seed),
      arrivals_(~options.seed),
      people_(options.seed ^ 0x5deece66dU) {
  PortableRandom same = shapes_;
  double work = 0;
  for (std::int64_t i = 0; i < options.jobs; ++i) {
    const Shape one = shape(same, widest_of(options));
    work += static_cast<double>(one.runtime) * one.processors;
  }
  pause_ = work / (options.processors * options.load) / static_cast<double>(options.jobs);
}

SyntheticJobs::Shape SyntheticJobs::shape(PortableRandom& random, std::int32_t widest) {
  const double high = portable_log(widest) / std::numbers::ln2;
  double size = 1;
  if (high > kLowSize && random.uniform() >= kSerial) {
    const double middle = std::max(high - kMiddleBelowHigh, kLowSize);
    const bool is_lower = random.uniform() < kLowerStage;
    const double from = is_lower ? kLowSize : middle;
    double log_size = from + random.uniform() * ((is_lower ? middle : high) - from);
    if (random.uniform() < kPowerOfTwo) {
      log_size = std::floor(log_size + 0.5);
    }
    size = std::floor(portable_exp(log_size * std::numbers::ln2) + 0.5);
  }
  Shape made{static_cast<std::int32_t>(std::clamp<double>(size, 1, widest)), 0};
  const double share_of_short = std::clamp(kMixSlope * made.processors + kMixBase, 0.0, 1.0);
  double seconds = 0;
  do {
    const bool is_short = random.uniform() < share_of_short;
    seconds = portable_exp(is_short ? random.gamma(kShortShape, kShortScale)
                                    : random.gamma(kLongShape, kLongScale));
  } while (seconds > kLongest);
  made.runtime = std::max<std::int64_t>(static_cast<std::int64_t>(seconds), 1);
  return made;
}

double SyntheticJobs::next_arrival() {
  constexpr double kEvenDay = kHour * static_cast<double>(kDay.size());
  constexpr double kHoursOfDay = static_cast<double>(kDay.size());
  const double days = std::floor(cycle_at_ / kEvenDay);
  // How much of the day's submissions lie behind, in hours of mean intensity; then the hour of it.
  double left = (cycle_at_ - days * kEvenDay) / kHour * (sum_of_day() / kHoursOfDay);
  std::size_t hour = 0;
  while (hour + 1 < kDay.size() && left >= kDay[hour]) {
    left -= kDay[hour];
    ++hour;
  }
  cycle_at_ += pause_ * arrivals_.exponential();
  return days * kEvenDay + (static_cast<double>(hour) + std::min(left / kDay[hour], 1.0)) * kHour;
}

Result<void> SyntheticJobs::check_span() const {
  const double seconds = pause_ * static_cast<double>(options_.jobs);
  constexpr double kRoom = 0.9;  // arrivals are random
  constexpr double kMost = kRoom * static_cast<double>(kMostSeconds);
  if (seconds <= kMost) {
    return {};
  }
  return Error{Code::InvalidArgument,
               "jobs, processors and load: expected a trace of at most " +
                   std::to_string(static_cast<std::int64_t>(kMost)) + " s, got one of " +
                   std::to_string(static_cast<std::int64_t>(seconds)) +
                   " s; take fewer jobs, narrower ones, more load or a larger machine"};
}

bool SyntheticJobs::next(TraceJob& job) {
  if (made_ == options_.jobs) {
    return false;
  }
  const Shape made = shape(shapes_, widest_of(options_));
  const std::size_t who = user(people_);
  job = {};
  job.id = ++made_;
  job.submit = static_cast<std::int64_t>(next_arrival());
  job.runtime = made.runtime;
  job.processors = made.processors;
  job.user = static_cast<std::int32_t>(who);
  job.name = static_cast<std::int32_t>(who * kProgramsOfUser + people_.below(kProgramsOfUser));
  job.request =
      std::max(round_request(static_cast<double>(made.runtime) * habit(who, people_)), job.runtime);
  const double luck = people_.uniform();
  job.priority = luck < 0.8 ? 0 : luck < 0.95 ? 1 : 2;
  if (people_.uniform() < 0.1) {
    job.deadline = job.submit + static_cast<std::int64_t>(static_cast<double>(job.request) *
                                                          (1 + 3 * people_.uniform()));
  }
  return true;
}

Result<Trace> synthetic_trace(const SyntheticOptions& options) {
  AION_TRY_VOID(options.check());
  Trace trace;
  trace.name = "synthetic";
  trace.processors = options.processors;
  trace.jobs.reserve(static_cast<std::size_t>(options.jobs));
  SyntheticJobs jobs(options);
  AION_TRY_VOID(jobs.check_span());
  for (TraceJob job; jobs.next(job);) {
    trace.jobs.push_back(job);
  }
  return trace;
}

Result<void> write_synthetic_swf(const SyntheticOptions& options, const TextSink& sink) {
  AION_TRY_VOID(options.check());
  constexpr std::size_t kBlock = std::size_t{1} << 20U;
  std::string text = swf_header(options);
  SyntheticJobs jobs(options);
  AION_TRY_VOID(jobs.check_span());
  for (TraceJob job; jobs.next(job);) {
    append_swf(job, text);
    if (text.size() >= kBlock) {
      AION_TRY_VOID(sink(text));
      text.clear();
    }
  }
  return sink(text);
}

}  // namespace aion::simulate
