#include "serving/joint_run.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "serving/one_response.h"
#include "tensor/rows.h"

namespace aion::serving {

namespace {

using runtime::Batch;
using runtime::Response;
using tensor::Tensor;

/// Cancels a run when the last of those who wait for it has gone.
class AllCancelled {
 public:
  explicit AllCancelled(std::span<QueuedRequest* const> requests)
      : left_(std::make_shared<std::atomic<std::size_t>>(requests.size())) {
    for (const QueuedRequest* const request : requests) {
      if (!request->cancel.can_be_cancelled()) {
        return;  // it cannot be cancelled as long as this one waits
      }
    }
    hooks_.reserve(requests.size());
    for (const QueuedRequest* const request : requests) {
      hooks_.push_back(request->cancel.when_cancelled([left = left_, source = &source_] {
        if (left->fetch_sub(1, std::memory_order_acq_rel) == 1) {
          source->cancel();
        }
      }));
    }
  }

  [[nodiscard]] CancelToken token() const {
    return hooks_.empty() ? CancelToken() : source_.token();
  }

 private:
  CancelSource source_;
  std::shared_ptr<std::atomic<std::size_t>> left_;
  std::vector<CancelHook> hooks_;  // destroyed first: none is under way when the source goes
};

Awaitable<void> run_alone(runtime::Instance& instance,
                          QueuedRequest& request,
                          const Clock& clock,
                          runtime::StepGate& gate) {
  OneResponse sink;
  request.begin = clock.now();
  auto ended = co_await instance.run_in_steps(request.batch, request.cancel, sink, gate);
  request.end = clock.now();
  request.answer = sink.take(std::move(ended));
}

/// Every output that one of them wants.
std::vector<std::uint32_t> all_outputs(std::span<QueuedRequest* const> requests) {
  std::vector<std::uint32_t> all = requests.front()->batch.outputs;
  for (const QueuedRequest* const request : requests.subspan(1)) {
    for (const std::uint32_t output : request->batch.outputs) {
      if (std::ranges::find(all, output) == all.end()) {
        all.push_back(output);
      }
    }
  }
  return all;
}

Batch join(std::span<QueuedRequest* const> requests) {
  Batch joined;
  joined.outputs = all_outputs(requests);
  joined.parameters = requests.front()->batch.parameters;
  joined.inputs.resize(requests.front()->batch.inputs.size());
  std::vector<const Tensor*> parts(requests.size());
  for (std::size_t i = 0; i < joined.inputs.size(); ++i) {
    if (!requests.front()->batch.inputs[i].is_present()) {
      continue;
    }
    std::ranges::transform(requests, parts.begin(), [i](const QueuedRequest* request) {
      return &request->batch.inputs[i];
    });
    joined.inputs[i] = tensor::join_rows(parts);
  }
  return joined;
}

std::uint64_t rows_in(std::span<QueuedRequest* const> requests) {
  std::uint64_t rows = 0;
  for (const QueuedRequest* const request : requests) {
    rows += request->rows;
  }
  return rows;
}

bool has_rows(const Response& response, std::uint64_t rows) {
  return std::ranges::all_of(response.outputs, [rows](const Tensor& output) {
    return !output.is_present() ||
           (!output.shape.empty() && static_cast<std::uint64_t>(tensor::row_count(output)) == rows);
  });
}

/// Small parts of large answers are copied: a client that reads slowly keeps what it is sent.
Tensor own_rows(const Tensor& whole, std::int64_t begin, std::int64_t rows) {
  constexpr std::size_t kSmall = 64U << 10U;
  const Tensor part = tensor::rows_of(whole, begin, rows);
  if (part.data.bytes > kSmall || part.data.bytes * 4 > whole.data.bytes) {
    return part;
  }
  const std::array<const Tensor*, 1> alone = {&part};
  return tensor::join_rows(alone);
}

/// Whether another run without the others may end otherwise.
bool may_be_ones_fault(Code code) {
  return code == Code::InvalidArgument || code == Code::Internal;
}

/// Gives each request its rows of the response to all.
void split(const Response& response,
           const std::vector<std::uint32_t>& outputs,
           std::span<QueuedRequest* const> requests) {
  std::int64_t begin = 0;
  for (QueuedRequest* const request : requests) {
    const auto rows = static_cast<std::int64_t>(request->rows);
    Response own;
    own.parameters = response.parameters;
    own.outputs.reserve(request->batch.outputs.size());
    for (const std::uint32_t wanted : request->batch.outputs) {
      const auto at = std::ranges::find(outputs, wanted) - outputs.begin();
      const Tensor& whole = response.outputs[static_cast<std::size_t>(at)];
      own.outputs.push_back(whole.is_present() ? own_rows(whole, begin, rows) : Tensor{});
    }
    request->answer = std::move(own);
    begin += rows;
  }
}

}  // namespace

Awaitable<JointOutcome> run_joint(runtime::Instance& instance,
                                  std::span<QueuedRequest* const> requests,
                                  const Clock& clock,
                                  runtime::StepGate& gate) {
  JointOutcome outcome;
  if (requests.size() == 1) {
    co_await run_alone(instance, *requests.front(), clock, gate);
    outcome.executions = 1;
    outcome.is_whole = true;
    co_return outcome;
  }
  const TimePoint begin = clock.now();
  Batch joined = join(requests);
  const std::vector<std::uint32_t> outputs = joined.outputs;
  const AllCancelled cancel(requests);
  OneResponse sink;
  auto ended = co_await instance.run_in_steps(std::move(joined), cancel.token(), sink, gate);
  const auto response = sink.take(std::move(ended));
  outcome.executions = 1;
  outcome.has_misfit = response && !has_rows(*response, rows_in(requests));
  outcome.has_fault = !response;
  outcome.is_whole = response && !outcome.has_misfit;
  if (outcome.is_whole) {
    split(*response, outputs, requests);
    const TimePoint end = clock.now();
    for (QueuedRequest* const request : requests) {
      request->begin = begin;
      request->end = end;
    }
    co_return outcome;
  }
  if (!response && !may_be_ones_fault(response.error().code)) {
    for (QueuedRequest* const request : requests) {
      request->begin = begin;
      request->end = clock.now();
      request->answer = response.error();
    }
    co_return outcome;
  }
  for (QueuedRequest* const request : requests) {
    co_await run_alone(instance, *request, clock, gate);
    ++outcome.executions;
  }
  co_return outcome;
}

}  // namespace aion::serving
