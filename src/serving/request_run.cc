#include "serving/request_run.h"

#include <utility>

#include "serving/request_check.h"

namespace aion::serving {

namespace {

// An input above this takes longer to copy and compute than the 50 us that may be spent on an io
// thread.
constexpr std::size_t kInlineInputBytes = 64U << 10U;

/// Gives the positions of a batch their names back, and counts the responses of a decoupled
/// version.
class NamingSink final : public runtime::ResponseSink {
 public:
  NamingSink(LoadedVersion& loaded,
             const std::vector<std::uint32_t>& wanted,
             InferSink& sink,
             Clock& clock)
      : loaded_(loaded), wanted_(wanted), sink_(sink), clock_(clock) {}

  void send(runtime::Response response) override {
    InferResponse named;
    named.version = loaded_.version.number;
    named.parameters = std::move(response.parameters);
    named.outputs.reserve(wanted_.size());
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (response.outputs[i].is_present()) {
        named.outputs.push_back(
            {loaded_.version.signature.outputs[wanted_[i]].name, std::move(response.outputs[i])});
      }
    }
    count(ResponseEnd::Success);
    sink_.send(std::move(named));
  }

  /// The run has ended: the response that tells so has no outputs.
  void ended(const Result<void>& how) {
    const bool is_cancelled = !how && how.error().code == Code::Cancelled;
    count(how ? ResponseEnd::Empty : is_cancelled ? ResponseEnd::Cancel : ResponseEnd::Fail);
  }

 private:
  void count(ResponseEnd end) {
    if (loaded_.version.is_decoupled) {
      const TimePoint now = clock_.now();
      loaded_.statistics.responded(index_++, end, now - std::exchange(previous_, now));
    }
  }

  LoadedVersion& loaded_;
  const std::vector<std::uint32_t>& wanted_;
  InferSink& sink_;
  Clock& clock_;
  std::uint64_t index_ = 0;
  TimePoint previous_ = loaded_.version.is_decoupled ? clock_.now() : TimePoint{};
};

FailureReason reason_of(Code code) {
  switch (code) {
    case Code::Unavailable:
    case Code::ResourceExhausted:
    case Code::DeadlineExceeded:
      return FailureReason::Rejected;
    case Code::Cancelled:
      return FailureReason::Cancelled;
    case Code::Internal:
      return FailureReason::Backend;
    default:
      return FailureReason::Other;
  }
}

Result<void> check_still_wanted(const RequestContext& context, TimePoint now) {
  if (context.cancel.is_cancelled()) {
    return Error{Code::Cancelled, "the request was cancelled"};
  }
  if (context.deadline < now) {
    return Error{Code::DeadlineExceeded, "Request timeout expired"};
  }
  return {};
}

/// Counts a request as pending for as long as it lives.
class Pending {
 public:
  explicit Pending(std::atomic<std::int64_t>& count) : count_(count) {
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  ~Pending() { count_.fetch_sub(1, std::memory_order_relaxed); }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

 private:
  std::atomic<std::int64_t>& count_;
};

}  // namespace

/// What is known of one request on its way.
struct RequestRunner::Plan {
  std::string id;  // the client's own, for error messages
  runtime::Batch batch;
  std::vector<std::uint32_t> outputs;  // a copy of batch.outputs, which moves away
  std::size_t input_bytes = 0;
  TimePoint arrived;
  RequestTimes times;
};

Task<void> RequestRunner::run(std::shared_ptr<LoadedVersion> loaded,
                              RequestContext context,
                              InferRequest request,
                              InferSink& sink) {
  Plan plan;
  plan.arrived = parts_.clock.now();
  plan.id = request.id;
  auto checked = check_request(loaded->version, request);
  if (!checked) {
    loaded->statistics.failed(FailureReason::Other, parts_.clock.now() - plan.arrived);
    co_return std::move(checked).error();
  }
  plan.batch = std::move(checked->batch);
  plan.outputs = plan.batch.outputs;
  plan.input_bytes = checked->input_bytes;
  plan.times.batch_size = checked->batch_size;
  auto ended = co_await run_checked(*loaded, context, plan, sink);
  if (ended) {
    loaded->statistics.succeeded(plan.times);
  } else {
    loaded->statistics.failed(reason_of(ended.error().code), parts_.clock.now() - plan.arrived);
  }
  co_return ended;
}

bool RequestRunner::may_run_here(const LoadedVersion& loaded, const Plan& plan) const {
  const Duration cost = loaded.cost.lower_quartile();
  return cost > Duration{0} && cost < parts_.inline_below && plan.times.batch_size <= 1 &&
         plan.input_bytes <= kInlineInputBytes && parts_.dispatcher.is_idle();
}

Task<void> RequestRunner::run_checked(LoadedVersion& loaded,
                                      const RequestContext& context,
                                      Plan& plan,
                                      InferSink& sink) {
  AION_CO_TRY_VOID(check_still_wanted(context, plan.arrived));
  if (!loaded.queue || may_run_here(loaded, plan)) {
    co_return co_await execute(loaded, context, plan, sink);
  }
  std::optional<Pending> pending(loaded.pending);
  auto slot = co_await parts_.dispatcher.acquire(loaded.queue, context);
  if (!slot) {
    co_return Error{slot.error().code, id_prefix(plan.id) + slot.error().message};
  }
  pending.reset();
  AION_CO_TRY_VOID(check_still_wanted(context, parts_.clock.now()));
  co_return co_await execute(loaded, context, plan, sink);
}

Task<void> RequestRunner::execute(LoadedVersion& loaded,
                                  const RequestContext& context,
                                  Plan& plan,
                                  InferSink& sink) {
  const TimePoint begin = parts_.clock.now();
  NamingSink naming(loaded, plan.outputs, sink, parts_.clock);
  auto ended = co_await loaded.instance->run(std::move(plan.batch), context.cancel, naming);
  naming.ended(ended);
  plan.times.queue = begin - plan.arrived;
  plan.times.infer = parts_.clock.now() - begin;
  if (ended && plan.times.batch_size <= 1) {
    loaded.cost.observe(plan.times.infer);
  }
  co_return ended;
}

}  // namespace aion::serving
