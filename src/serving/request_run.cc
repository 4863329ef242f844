#include "serving/request_run.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "base/spawn.h"
#include "serving/batch_proof.h"
#include "serving/classification.h"
#include "serving/joint_run.h"
#include "serving/request_check.h"
#include "serving/run_meter.h"
#include "serving/urgency.h"
#include "tensor/rows.h"

namespace aion::serving {

namespace {

// How much longer than any other a lone request may hold the io thread: who comes meanwhile waits
// no longer than for a core.
constexpr int kLoneInline = 20;

// A model that has taken longer than this of late does not run on an io thread, however short its
// runs usually are: its cost depends on more than the size of its input. Well above what a run
// takes that has to wait for its core.
constexpr Duration kLongestInline = std::chrono::milliseconds(20);

// Digesting an input above this takes too long for an io thread.
constexpr std::size_t kMostDigestedHere = 64U << 10U;

/// What the answer shall hold.
struct Wanted {
  std::vector<std::uint32_t> outputs;  // a copy of the batch's, which moves away
  std::vector<std::uint64_t> classes;  // see CheckedRequest
  std::string cache_key;               // under which the answer is kept; empty = it is not
};

/// Gives the positions of a batch their names back, and counts the responses of a decoupled
/// version.
class NamingSink final : public runtime::ResponseSink {
 public:
  NamingSink(LoadedVersion& loaded, const Wanted& wanted, InferSink& sink, Clock& clock)
      : loaded_(loaded), wanted_(wanted), sink_(sink), clock_(clock) {}

  void send(runtime::Response response) override {
    if (!wanted_.cache_key.empty()) {
      loaded_.cache->keep(wanted_.cache_key, response);
    }
    InferResponse named;
    named.version = loaded_.version.number;
    named.parameters = std::move(response.parameters);
    named.outputs.reserve(wanted_.outputs.size());
    for (std::size_t i = 0; i < wanted_.outputs.size(); ++i) {
      if (!response.outputs[i].is_present()) {
        continue;
      }
      const auto& spec = loaded_.version.signature.outputs[wanted_.outputs[i]];
      named.outputs.push_back({spec.name, std::move(response.outputs[i])});
      if (!wanted_.classes.empty() && wanted_.classes[i] > 0) {
        classify(spec, wanted_.classes[i], named.outputs.back().tensor);
      }
    }
    if (fault_) {
      return;
    }
    count(ResponseEnd::Success);
    sink_.send(std::move(named));
  }

  /// The run has ended: the response that tells so has no outputs. What became of the request.
  [[nodiscard]] Result<void> ended(Result<void> how) {
    if (how && fault_) {
      how = *std::move(fault_);
    }
    count_end(how);
    return how;
  }

 private:
  /// Puts the best classes in the output's place.
  void classify(const catalog::TensorSpec& spec, std::uint64_t count, tensor::Tensor& output) {
    const bool has_rows =
        loaded_.version.max_batch_size > 0 || (spec.shape.size() > 1 && spec.shape.front() < 0);
    const auto labels = loaded_.version.labels.find(spec.name);
    auto classes = best_classes(output,
                                count,
                                has_rows,
                                labels == loaded_.version.labels.end()
                                    ? std::span<const std::string>()
                                    : std::span<const std::string>(labels->second));
    if (classes) {
      output = *std::move(classes);
    } else if (!fault_) {
      fault_ = std::move(classes).error();
    }
  }
  void count_end(const Result<void>& how) {
    const bool is_cancelled = !how && how.error().code == Code::Cancelled;
    count(how ? ResponseEnd::Empty : is_cancelled ? ResponseEnd::Cancel : ResponseEnd::Fail);
  }
  void count(ResponseEnd end) {
    if (loaded_.version.is_decoupled) {
      const TimePoint now = clock_.now();
      loaded_.statistics.responded(index_++, end, now - std::exchange(previous_, now));
    }
  }

  LoadedVersion& loaded_;
  const Wanted& wanted_;
  InferSink& sink_;
  Clock& clock_;
  std::optional<Error> fault_;  // of the answer, which the run does not know of
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

// Not inlined: g++ 12 then warns of the short strings' own memory (-Warray-bounds).
[[gnu::noinline]] Result<void> check_still_wanted(const RequestContext& context, TimePoint now) {
  if (context.cancel.is_cancelled()) {
    return Error{Code::Cancelled, "the request was cancelled"};
  }
  if (context.deadline < now) {
    return Error{Code::DeadlineExceeded, "Request timeout expired"};
  }
  return {};
}

Result<void> refused(const std::string& id, const Error& error) {
  return Error{error.code, id_prefix(id) + error.message};
}

// A model that takes longer is not held up by runs that nobody has asked for.
constexpr Duration kLongestProvenRun = std::chrono::seconds(1);

/// What it takes to prove that a version's rows may be joined. The device is held meanwhile.
struct Proof {
  std::shared_ptr<LoadedVersion> loaded;
  runtime::Batch batch;
  std::optional<Dispatcher::Slot> slot;
};

Awaitable<void> prove(std::shared_ptr<Proof> proof) {
  LoadedVersion& loaded = *proof->loaded;
  const auto verdict =
      co_await prove_joining(*loaded.instance, std::move(proof->batch), loaded.retired.token());
  loaded.batch_limit()->end_proof(verdict);
}

/// Requests that carry more than a few words to the backend are not compared with others.
bool has_few_parameters(const runtime::Parameters& parameters) {
  constexpr std::size_t kMost = 16;
  constexpr std::size_t kMostBytes = 256;
  return parameters.size() <= kMost && std::ranges::all_of(parameters, [](const auto& parameter) {
           const auto* const text = std::get_if<std::string>(&parameter.second);
           return parameter.first.size() <= kMostBytes &&
                  (text == nullptr || text->size() <= kMostBytes);
         });
}

/// Rows that all inputs have in common; 0 when they have not.
std::uint64_t common_rows(const runtime::Batch& batch) {
  std::int64_t rows = 0;
  for (const tensor::Tensor& input : batch.inputs) {
    if (!input.is_present()) {
      continue;
    }
    const std::int64_t own = tensor::row_count(input);
    if (own == 0 || (rows != 0 && own != rows)) {
      return 0;
    }
    rows = own;
  }
  return static_cast<std::uint64_t>(rows);
}

// A version's answers above this take too long to write for an io thread.
constexpr std::size_t kLargeAnswerBytes = 64U << 10U;

std::size_t bytes_of(const runtime::Response& response) {
  std::size_t bytes = 0;
  for (const tensor::Tensor& output : response.outputs) {
    bytes += output.data.bytes;
  }
  return bytes;
}

bool is_large(const QueuedRequest& request) {
  return request.answer && *request.answer && bytes_of(**request.answer) > kLargeAnswerBytes;
}

}  // namespace

/// Counts what the model has run for the requests.
void count_runs(LoadedVersion& loaded,
                std::span<QueuedRequest* const> requests,
                const JointOutcome& outcome) {
  std::uint64_t rows = 0;
  for (const QueuedRequest* const request : requests) {
    const std::uint64_t own = std::max<std::uint64_t>(request->rows, 1);
    rows += own;
    if (!outcome.is_whole && *request->answer) {
      loaded.statistics.executed(own, request->end - request->begin);
    }
  }
  const QueuedRequest& first = *requests.front();
  if (outcome.is_whole && *first.answer) {
    loaded.statistics.executed(rows, first.end - first.begin);
  }
}

/// What is known of one request on its way.
struct RequestRunner::Plan {
  std::string id;  // the client's own, for error messages
  QueuedRequest queued;
  Wanted wanted;
  TimePoint arrived;
  RequestTimes times;
  std::optional<Duration> from_cache;  // what finding the answer there took
};

Task<void> RequestRunner::run(std::shared_ptr<LoadedVersion> loaded,
                              RequestContext context,
                              InferRequest request,
                              InferSink& sink) {
  const Traffic::Request counted(traffic_);
  Plan plan;
  plan.arrived = parts_.clock.now();
  plan.id = request.id;
  auto checked = check_request(loaded->version, request);
  if (!checked) {
    co_return std::move(checked).error();  // no inference yet, so none that failed: as in Triton
  }
  plan.queued.batch = std::move(checked->batch);
  plan.queued.input_bytes = checked->input_bytes;
  plan.queued.usual_cost = loaded->costs.of(plan.queued.input_bytes).lower_quartile();
  plan.queued.cancel = context.cancel;
  plan.wanted = {plan.queued.batch.outputs, std::move(checked->classes), {}};
  plan.times.batch_size = checked->batch_size;
  set_place(*loaded, request, plan);
  set_urgency(loaded->version.timing, request, plan.arrived, context);
  if (plan.queued.rows > 0) {
    plan.times.batch_size = plan.queued.rows;
  }
  auto ended = co_await run_checked(loaded, context, plan, sink);
  if (context.deadline != kNever) {
    count_deadline(loaded->statistics, context, ended, parts_.clock.now());
  }
  if (ended && plan.from_cache) {
    loaded->statistics.succeeded_from_cache(plan.times, *plan.from_cache);
  } else if (ended) {
    loaded->statistics.succeeded(plan.times);
  } else {
    loaded->statistics.failed(reason_of(ended.error().code), parts_.clock.now() - plan.arrived);
  }
  co_return ended;
}

/// Where the request stands in its version's queue, and with what it may be joined.
void RequestRunner::set_place(const LoadedVersion& loaded,
                              const InferRequest& request,
                              Plan& plan) const {
  const BatchLimit* const limit = loaded.batch_limit();
  if (limit == nullptr) {
    return;
  }
  const bool has_all = std::ranges::all_of(
      plan.queued.batch.inputs, [](const tensor::Tensor& input) { return input.is_present(); });
  if (has_few_parameters(plan.queued.batch.parameters) && (has_all || !limit->is_learned())) {
    plan.queued.rows = common_rows(plan.queued.batch);
  }
  const catalog::Batching& batching = loaded.version.batching;
  if (batching.mode != catalog::Batching::Mode::Dynamic) {
    return;
  }
  const bool is_level = request.priority > 0 && request.priority <= batching.levels;
  plan.queued.level = is_level ? request.priority : batching.default_level;
  const auto own = batching.level_policies.find(plan.queued.level);
  const catalog::QueuePolicy& policy =
      own == batching.level_policies.end() ? batching.policy : own->second;
  plan.queued.expires = expiry(policy, request.timeout, plan.arrived);
  plan.queued.expires_behind = policy.on_timeout == catalog::QueuePolicy::OnTimeout::Delay;
}

bool RequestRunner::may_run_here(LoadedVersion& loaded, const Plan& plan) const {
  const catalog::Batching& batching = loaded.version.batching;
  if (plan.times.batch_size > 1 || !parts_.dispatcher.is_idle() || batching.keeps_order ||
      batching.max_delay.count() > 0 || loaded.version.instances > 0) {
    return false;
  }
  const Duration cost = plan.queued.usual_cost;
  return cost > Duration{0} &&
         loaded.costs.of(plan.queued.input_bytes).longest() < kLongestInline &&
         cost < (traffic_.is_lone() ? kLoneInline * parts_.inline_below : parts_.inline_below);
}

Task<void> RequestRunner::run_checked(const std::shared_ptr<LoadedVersion>& loaded,
                                      const RequestContext& context,
                                      Plan& plan,
                                      InferSink& sink) {
  AION_CO_TRY_VOID(check_still_wanted(context, plan.arrived));
  if (loaded->cache) {
    auto ended = co_await answer_from_cache(*loaded, plan, sink);
    if (plan.from_cache) {
      co_return ended;
    }
    AION_CO_TRY_VOID(check_still_wanted(context, parts_.clock.now()));
  }
  if (!loaded->queue || may_run_here(*loaded, plan)) {
    co_return co_await execute(*loaded, plan, sink, nullptr);
  }
  auto turn = co_await parts_.dispatcher.acquire(loaded->queue, plan.queued, context);
  if (!turn) {
    co_return refused(plan.id, turn.error());
  }
  co_return co_await take_turn(loaded, *std::move(turn), plan, sink);
}

/// Answers from what is kept; else notes under what the answer is to be kept.
Task<void> RequestRunner::answer_from_cache(LoadedVersion& loaded, Plan& plan, InferSink& sink) {
  const bool is_large = plan.queued.input_bytes > kMostDigestedHere;
  const Digests::One counted(digests_, is_large);
  if (counted.is_one_too_many()) {
    co_return Result<void>{};
  }
  if (is_large) {
    co_await on(parts_.dispatcher.compute());
  }
  const TimePoint begin = parts_.clock.now();
  std::string key = ResponseCache::key_of(loaded.cache_owner, plan.queued.batch);
  auto kept = loaded.cache->find(key);
  const Duration search = parts_.clock.now() - begin;
  if (!kept) {
    loaded.statistics.missed_cache(search);
    plan.wanted.cache_key = std::move(key);
    co_return Result<void>{};
  }
  plan.from_cache = search;
  plan.times.queue = begin - plan.arrived;
  if (bytes_of(*kept) > kLargeAnswerBytes) {
    co_await on(parts_.dispatcher.compute());
  }
  NamingSink naming(loaded, plan.wanted, sink, parts_.clock);
  naming.send(*std::move(kept));
  co_return naming.ended(Result<void>{});
}

Task<void> RequestRunner::take_turn(const std::shared_ptr<LoadedVersion>& loaded,
                                    Dispatcher::Turn turn,
                                    Plan& plan,
                                    InferSink& sink) {
  if (loaded->version.batching.keeps_order) {
    ResponseOrder::Place place(loaded->order, turn.ticket);
    const Executor home = co_await spawn_executor();
    if (turn.slot) {
      co_await run_together(*loaded, turn, plan);
    }
    co_await place.turn(parts_.dispatcher.home_of(home));
    co_return co_await answer(*loaded, plan, sink);
  }
  if (!turn.slot) {
    co_return co_await answer(*loaded, plan, sink);
  }
  if (!turn.companions.empty()) {
    co_await run_together(*loaded, turn, plan);
    co_return co_await answer(*loaded, plan, sink);
  }
  BatchLimit* const limit = loaded->batch_limit();
  const bool proves =
      limit != nullptr && plan.queued.rows > 0 && loaded->queue->size() > 0 && limit->begin_proof();
  runtime::Batch copy;
  if (proves) {
    copy = plan.queued.batch;
  }
  auto ended = co_await execute(*loaded, plan, sink, &*turn.slot);
  if (proves || !ended) {
    turn.slot->forget();
  }
  if (proves && (!ended || plan.times.infer > kLongestProvenRun)) {
    limit->end_proof(BatchLimit::Trust::Unproved);
  } else if (proves) {
    auto proof = std::make_shared<Proof>(loaded, std::move(copy), std::move(turn.slot));
    // Not here and now: this request's answer is ready.
    post(parts_.dispatcher.compute(),
         [proof, compute = parts_.dispatcher.compute()] { spawn(compute, prove(proof)); });
  }
  co_return ended;
}

/// Runs the request where it stands and lets its responses out as they come. `slot`: after its
/// turn; null where it has not waited.
Task<void> RequestRunner::execute(LoadedVersion& loaded,
                                  Plan& plan,
                                  InferSink& sink,
                                  Dispatcher::Slot* slot) {
  const TimePoint begin = parts_.clock.now();
  RunCost& cost = loaded.costs.of(plan.queued.input_bytes);
  // Costs are compared where runs may be joined; a model of a few microseconds is not measured so.
  BatchLimit* const limit = loaded.batch_limit();
  std::optional<RunMeter> meter;
  if (slot != nullptr && limit != nullptr) {
    meter.emplace();
  }
  NamingSink naming(loaded, plan.wanted, sink, parts_.clock);
  runtime::Instance& instance = *loaded.instance;
  runtime::Batch& batch = plan.queued.batch;
  auto running = slot != nullptr
                     ? instance.run_in_steps(std::move(batch), plan.queued.cancel, naming, *slot)
                     : instance.run(std::move(batch), plan.queued.cancel, naming);
  auto ended = co_await std::move(running);
  ended = naming.ended(std::move(ended));
  plan.times.queue = begin - plan.arrived;
  plan.times.infer = parts_.clock.now() - begin;
  if (ended) {
    loaded.statistics.executed(plan.times.batch_size, plan.times.infer);
    if (plan.times.batch_size <= 1) {
      cost.observe(plan.times.infer);
    }
    if (meter) {
      limit->observe(plan.times.batch_size, meter->time(plan.times.infer));
    }
  }
  co_return ended;
}

/// Runs the request and its companions, who go on with their answers; its own is in the plan. The
/// slot is given back.
Awaitable<void> RequestRunner::run_together(LoadedVersion& loaded,
                                            Dispatcher::Turn& turn,
                                            Plan& plan) {
  std::vector<QueuedRequest*> requests{&plan.queued};
  std::uint64_t rows = plan.times.batch_size;
  for (const Dispatcher::Companion& companion : turn.companions) {
    requests.push_back(&companion.request());
    rows += companion.request().rows;
  }
  const RunMeter meter;
  const JointOutcome outcome =
      co_await run_joint(*loaded.instance, requests, parts_.clock, *turn.slot);
  if (!outcome.is_whole) {
    turn.slot->forget();
  }
  turn.slot.reset();
  count_runs(loaded, requests, outcome);
  BatchLimit& limit = *loaded.batch_limit();
  if (outcome.is_whole && *plan.queued.answer) {
    limit.observe(rows, meter.time(plan.queued.end - plan.queued.begin));
  }
  if (outcome.has_misfit) {
    limit.found_misfit();
  }
  if (outcome.has_fault) {
    limit.found_fault();
  }
  for (Dispatcher::Companion& companion : turn.companions) {
    companion.go_on(is_large(companion.request())
                        ? parts_.dispatcher.compute()
                        : parts_.dispatcher.home_of(companion.spawned_on()));
  }
}

/// Lets the answer out that a run together has left in the plan.
Task<void> RequestRunner::answer(LoadedVersion& loaded, Plan& plan, InferSink& sink) {
  plan.times.queue = plan.queued.begin - plan.arrived;
  plan.times.infer = plan.queued.end - plan.queued.begin;
  if (!*plan.queued.answer) {
    co_return plan.queued.answer->error();
  }
  if (plan.queued.cancel.is_cancelled()) {
    co_return Error{Code::Cancelled, "the request was cancelled while it ran with others"};
  }
  NamingSink naming(loaded, plan.wanted, sink, parts_.clock);
  naming.send(**std::move(plan.queued.answer));
  co_return naming.ended(Result<void>{});
}

}  // namespace aion::serving
