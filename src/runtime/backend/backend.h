// The port behind which libraries run models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "base/task.h"
#include "catalog/model/model.h"
#include "resource/lease/lease.h"
#include "tensor/tensor.h"

namespace aion::runtime {

/// A custom request parameter, passed through to the backend.
using ParameterValue = std::variant<bool, std::int64_t, double, std::string>;
using Parameters = std::map<std::string, ParameterValue, std::less<>>;

/// What one execution takes. Tensors are checked against the signature before they get here: type,
/// rank and fixed extents agree.
struct Batch {
  std::vector<tensor::Tensor>
      inputs;  // position = signature().inputs; not present = optional and not given
  std::vector<std::uint32_t>
      outputs;  // positions in signature().outputs that are wanted; never empty
  Parameters parameters;
};

/// One answer to a batch.
struct Response {
  std::vector<tensor::Tensor>
      outputs;  // position = Batch::outputs; not present = the backend gives none
  Parameters parameters;
};

/// Takes the answers of one execution. Called by the instance while run() is under way, from one
/// thread at a time, never after run() has ended.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void send(Response response) = 0;
};

/// Where a run that is made of steps may be held up between two of them, so that its core can do
/// something more urgent.
class StepGate {
 public:
  StepGate() = default;
  virtual ~StepGate() = default;
  StepGate(const StepGate&) = delete;
  StepGate& operator=(const StepGate&) = delete;

  /// Ends at once, or when the run may go on; then perhaps on another thread of its executor.
  [[nodiscard]] virtual Awaitable<void> between_steps() = 0;
};

/// A model version loaded on a lease.
///
/// Thread safety: run() may be under way any number of times at once; an instance is destroyed only
/// when none is.
class Instance {
 public:
  virtual ~Instance() = default;

  /// Complete: the version's own signature, filled in from the model file.
  [[nodiscard]] virtual const catalog::Signature& signature() const = 0;

  /// Executes the batch: sends none, one or many responses (exactly one unless the version is
  /// decoupled), then ends. It computes on the calling thread where the library lets it, so call it
  /// on the compute executor. Fails with Cancelled soon after `cancel` fires; Unavailable when the
  /// process that runs it has died; InvalidArgument or Internal with the library's own words. After
  /// a failure what was sent before stands.
  [[nodiscard]] virtual Task<void> run(Batch batch, CancelToken cancel, ResponseSink& sink) = 0;

  /// How many steps a run has; each takes about as long as the others.
  [[nodiscard]] virtual std::size_t steps() const { return 1; }

  /// Like run(), and passes the gate between two steps: steps() - 1 times, unless it fails.
  [[nodiscard]] virtual Task<void> run_in_steps(Batch batch,
                                                CancelToken cancel,
                                                ResponseSink& sink,
                                                StepGate& /*gate*/) {
    return run(std::move(batch), std::move(cancel), sink);
  }

  /// Gives memory back that a large request has left behind. May be called while runs are under
  /// way.
  virtual void shrink() {}
};

/// What a version is believed to need of its device.
struct Estimate {
  resource::Quantity held;  // for as long as the instance lives, with `running`
  Bytes loading{};          // beside that, until open() has ended
  Bytes running{};          // the part of `held` that runs take, and nobody before the first
};

/// A library that runs models.
///
/// Thread safety: open() may be called from any thread, several at once.
class Backend {
 public:
  virtual ~Backend() = default;

  /// The name that configurations use: "onnx".
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// What an instance of this version will need of its device. One that computes nothing itself (it
  /// waits for a timer, say) needs 0 cores and then runs without waiting for a slot of the device.
  /// May read the model's files, but not its weights: call it on the blocking executor.
  [[nodiscard]] virtual Result<Estimate> estimate(const catalog::ModelVersion& /*version*/) const {
    return Estimate{resource::Quantity{1.0, Bytes{}}};
  }

  /// Loads a version; the instance owns the lease and gives it back when it is destroyed. Reads
  /// files and computes: call it on the blocking executor. Fails with the library's real reason;
  /// the version's name and number are added by the caller.
  [[nodiscard]] virtual Task<std::unique_ptr<Instance>> open(catalog::ModelVersion version,
                                                             resource::Lease lease) = 0;
};

}  // namespace aion::runtime
