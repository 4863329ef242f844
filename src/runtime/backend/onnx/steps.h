// A model cut into sessions that run one after the other, none for long.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/model/model.h"
#include "runtime/backend/onnx/session.h"

namespace aion::runtime::onnx {

/// A part of a model, as a session of its own.
struct Step {
  std::shared_ptr<const Session> session;
  std::vector<std::string> inputs;  // names of values: inputs of the model, and of steps before
  std::vector<std::string> outputs;
};

/// Values for the outputs of the step, in their order.
[[nodiscard]] Result<std::vector<ValueHandle>> run_step(const Step& step,
                                                        std::span<const OrtValue* const> inputs,
                                                        const OrtRunOptions* options);

/// Cuts the model where few tensors cross until each part takes at most `longest` of CPU time on
/// the smallest input (open extents are 1), or no cut makes it shorter. The graph is cut as the
/// library has optimised it, so the same kernels run on the same values; that the outputs come out
/// the same, bit by bit, is tried on that input. Takes some runs and a load of the model; blocks.
///
/// whole   its session, which is not kept
/// returns no steps where the whole takes no longer than that, or cannot be cut; `why` says which
struct Cutting {
  std::vector<Step> steps;
  std::string why;
};
[[nodiscard]] Result<Cutting> cut_in_steps(const std::shared_ptr<const Session>& whole,
                                           const SessionRequest& request,
                                           const catalog::Signature& signature,
                                           Duration longest);

}  // namespace aion::runtime::onnx
