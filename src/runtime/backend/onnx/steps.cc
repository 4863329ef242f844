#include "runtime/backend/onnx/steps.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "base/thread_time.h"
#include "graph/read_model.h"
#include "graph/segment.h"
#include "runtime/backend/onnx/signature.h"
#include "runtime/backend/onnx/value.h"

namespace aion::runtime::onnx {

namespace {

using tensor::DataType;
using tensor::Tensor;

// More values to carry over cost more than a cut is worth.
constexpr std::size_t kMostCrossing = 4;
// Each step is a session with its own threads' stacks and arena.
constexpr std::size_t kMostSteps = 64;
constexpr int kMeasuredRuns = 5;  // the cheapest counts: others run beside it
// A cut that leaves one side with more than this of the whole makes nothing shorter.
constexpr double kPays = 0.95;

/// Values of a run on the test input, by name.
using ValueTable = std::map<std::string, ValueHandle, std::less<>>;

/// Neither all alike nor so large that sums overflow, and the same each time.
Tensor test_tensor(const catalog::TensorSpec& spec) {
  Tensor made{spec.dtype, spec.shape, {}, nullptr};
  std::ranges::replace(made.shape, std::int64_t{-1}, std::int64_t{1});
  const std::size_t count = made.count();
  auto [buffer, data] = tensor::Buffer::allocate(count * tensor::element_size(spec.dtype));
  std::memset(data, 0, buffer.bytes);
  for (std::size_t i = 0; i < count; ++i) {
    const double value = std::sin(static_cast<double>(i) + 1);
    if (spec.dtype == DataType::Fp32) {
      const auto single = static_cast<float>(value);
      std::memcpy(data + i * sizeof(single), &single, sizeof(single));
    } else if (spec.dtype == DataType::Fp64) {
      std::memcpy(data + i * sizeof(value), &value, sizeof(value));
    }
  }
  made.data = std::move(buffer);
  return made;
}

/// Its numbers are those of ONNX. Fails for what is no tensor.
Result<ONNXTensorElementDataType> type_of(const Library& library, const OrtValue* value) {
  OrtTensorTypeAndShapeInfo* made = nullptr;
  AION_TRY_VOID(library.check(library.api().GetTensorTypeAndShape(value, &made)));
  const auto info = library.own<ShapeInfoHandle>(made);
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  AION_TRY_VOID(library.check(library.api().GetTensorElementType(made, &type)));
  return type;
}

/// A step, and what it takes.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
  Step step;
  Duration time{0};
  bool is_final = false;  // no cut makes it shorter
};

class Cutter {
 public:
  Cutter(std::shared_ptr<const Library> library,
         const SessionRequest& request,
         Duration longest,
         graph::Model model,
         std::string_view file)
      : library_(std::move(library)),
        request_(request),
        longest_(longest),
        model_(std::move(model)),
        file_(file),
        cuts_(graph::cuts_of(model_, kMostCrossing)) {}

  Result<void> set_inputs(const catalog::Signature& signature) {
    inputs_.reserve(signature.inputs.size());
    for (const catalog::TensorSpec& spec : signature.inputs) {
      inputs_.push_back(test_tensor(spec));
      AION_TRY(InputValue value, to_value(*library_, inputs_.back()));
      copies_.push_back(std::move(value.copy));
      values_.insert_or_assign(spec.name, std::move(value.value));
    }
    return {};
  }

  /// Runs the step on what is known, and keeps what it makes.
  Result<Duration> measure(const Step& step) {
    std::vector<const OrtValue*> inputs;
    for (const std::string& name : step.inputs) {
      const auto found = values_.find(name);
      if (found == values_.end()) {
        return Error{Code::Internal, "a step needs '" + name + "', which no step before it makes"};
      }
      inputs.push_back(found->second.get());
    }
    Duration least = Duration::max();
    std::vector<ValueHandle> outputs;
    for (int i = 0; i < kMeasuredRuns; ++i) {
      const Duration begin = thread_cpu_time();
      AION_TRY(outputs, run_step(step, inputs, nullptr));
      least = std::min(least, thread_cpu_time() - begin);
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      AION_TRY(const auto type, type_of(*library_, outputs[i].get()));
      types_.insert_or_assign(step.outputs[i], static_cast<graph::ElementType>(type));
      values_.insert_or_assign(step.outputs[i], std::move(outputs[i]));
    }
    return least;
  }

  Result<std::vector<Step>> cut(Duration whole) {
    std::vector<Piece> pieces(1);
    pieces.front().end = model_.graph.nodes.size();
    pieces.front().time = whole;
    while (pieces.size() < kMostSteps) {
      const auto longest = std::ranges::max_element(
          pieces, {}, [](const Piece& piece) { return piece.is_final ? Duration{0} : piece.time; });
      if (longest->is_final || longest->time <= longest_) {
        break;
      }
      AION_TRY(auto halves, halve(*longest));
      if (halves.empty()) {
        longest->is_final = true;
        continue;
      }
      *longest = std::move(halves.front());
      pieces.insert(longest + 1, std::move(halves.back()));
    }
    std::vector<Step> steps;
    for (Piece& piece : pieces) {
      steps.push_back(std::move(piece.step));
    }
    return steps.size() > 1 ? std::move(steps) : std::vector<Step>();
  }

  [[nodiscard]] const ValueTable& values() const { return values_; }

 private:
  Result<Piece> piece(std::size_t begin, std::size_t end) {
    AION_TRY(graph::Segment segment, graph::segment_of(model_, file_, {begin, end}, types_));
    Piece made{begin, end, {}, Duration{0}, false};
    AION_TRY(made.step.session, session_of(library_, segment.onnx, request_.threads));
    made.step.inputs = std::move(segment.inputs);
    made.step.outputs = std::move(segment.outputs);
    AION_TRY(made.time, measure(made.step));
    return made;
  }

  /// The share of the constants before a node, by which the middle is first guessed.
  [[nodiscard]] double share_before(std::size_t node) const {
    const auto at = std::ranges::lower_bound(cuts_, node, {}, &graph::Cut::node);
    return node == 0 ? 0 : at == cuts_.end() ? 1 : at->share;
  }

  /// The piece in two, at the cut that seems nearest to its middle; then, should one side be far
  /// longer, at one between. Nothing where no cut makes it shorter.
  Result<std::vector<Piece>> halve(const Piece& whole) {
    constexpr int kTries = 3;
    constexpr double kUneven = 0.7;
    std::size_t low = whole.begin;
    std::size_t high = whole.end;
    std::vector<Piece> best;
    Duration best_time{static_cast<Duration::rep>(static_cast<double>(whole.time.count()) * kPays)};
    for (int i = 0; i < kTries; ++i) {
      const auto node = middle(low, high);
      if (!node) {
        break;
      }
      std::vector<Piece> halves(2);
      AION_TRY(halves[0], piece(whole.begin, *node));
      AION_TRY(halves[1], piece(*node, whole.end));
      const Duration first = halves[0].time;
      const Duration longer = std::max(first, halves[1].time);
      (first == longer ? high : low) = *node;
      const bool is_even =
          static_cast<double>(longer.count()) < kUneven * static_cast<double>(whole.time.count());
      if (longer < best_time) {
        best_time = longer;
        best = std::move(halves);
      }
      if (is_even) {
        break;
      }
    }
    return best;
  }

  /// The cut inside of the nodes from `low` to `high` that has half of their constants before it.
  [[nodiscard]] std::optional<std::size_t> middle(std::size_t low, std::size_t high) const {
    const double wanted = (share_before(low) + share_before(high)) / 2;
    const graph::Cut* best = nullptr;
    for (const graph::Cut& cut : cuts_) {
      if (cut.node > low && cut.node < high &&
          (best == nullptr || std::abs(cut.share - wanted) < std::abs(best->share - wanted))) {
        best = &cut;
      }
    }
    return best == nullptr ? std::nullopt : std::optional(best->node);
  }

  std::shared_ptr<const Library> library_;
  const SessionRequest& request_;
  Duration longest_;
  graph::Model model_;
  std::string_view file_;
  std::vector<graph::Cut> cuts_;
  std::vector<Tensor> inputs_;  // outlive the values over their memory
  std::vector<tensor::Buffer> copies_;
  ValueTable values_;
  graph::ElementTypes types_;  // of values_
};

Result<std::string> bytes_of(const Library& library, OrtValue* value) {
  const OrtApi& api = library.api();
  OrtTensorTypeAndShapeInfo* made = nullptr;
  AION_TRY_VOID(library.check(api.GetTensorTypeAndShape(value, &made)));
  const auto info = library.own<ShapeInfoHandle>(made);
  std::size_t count = 0;
  AION_TRY_VOID(library.check(api.GetTensorShapeElementCount(made, &count)));
  AION_TRY(const ONNXTensorElementDataType type, type_of(library, value));
  void* data = nullptr;
  AION_TRY_VOID(library.check(api.GetTensorMutableData(value, &data)));
  const std::size_t bytes = count * tensor::element_size(dtype_of(type));
  return std::string(static_cast<const char*>(data), bytes);
}

bool has_text(const catalog::Signature& signature) {
  const auto is_text = [](const catalog::TensorSpec& spec) {
    return spec.dtype == DataType::Bytes;
  };
  return std::ranges::any_of(signature.inputs, is_text) ||
         std::ranges::any_of(signature.outputs, is_text);
}

Step whole_step(const std::shared_ptr<const Session>& session,
                const catalog::Signature& signature) {
  Step step{session, {}, {}};
  for (const catalog::TensorSpec& spec : signature.inputs) {
    step.inputs.push_back(spec.name);
  }
  for (const catalog::TensorSpec& spec : signature.outputs) {
    step.outputs.push_back(spec.name);
  }
  return step;
}

Result<std::vector<std::string>> outputs_of(const Library& library,
                                            const Cutter& cutter,
                                            const Step& whole) {
  std::vector<std::string> outputs;
  for (const std::string& name : whole.outputs) {
    AION_TRY(std::string bytes, bytes_of(library, cutter.values().at(name).get()));
    outputs.push_back(std::move(bytes));
  }
  return outputs;
}

}  // namespace

Result<std::vector<ValueHandle>> run_step(const Step& step,
                                          std::span<const OrtValue* const> inputs,
                                          const OrtRunOptions* options) {
  const Library& library = *step.session->library;
  std::vector<const char*> names;
  names.reserve(step.inputs.size() + step.outputs.size());
  for (const auto* const list : {&step.inputs, &step.outputs}) {
    for (const std::string& name : *list) {
      names.push_back(name.c_str());
    }
  }
  std::vector<OrtValue*> made(step.outputs.size(), nullptr);
  const auto ran = library.check(library.api().Run(step.session->handle.get(),
                                                   options,
                                                   names.data(),
                                                   inputs.data(),
                                                   inputs.size(),
                                                   names.data() + inputs.size(),
                                                   made.size(),
                                                   made.data()));
  std::vector<ValueHandle> outputs;
  outputs.reserve(made.size());
  for (OrtValue* const value : made) {
    outputs.push_back(library.own<ValueHandle>(value));
  }
  AION_TRY_VOID(ran);
  return outputs;
}

Result<Cutting> cut_in_steps(const std::shared_ptr<const Session>& whole,
                             const SessionRequest& request,
                             const catalog::Signature& signature,
                             Duration longest) {
  if (has_text(signature)) {
    return Cutting{{}, "it has inputs or outputs of text"};
  }
  AION_TRY(const Pages graph, optimised_graph(*whole->library, request));
  AION_TRY(graph::Model model, graph::read_model(std::as_bytes(std::span(graph.text()))));
  Cutter cutter(whole->library, request, longest, std::move(model), graph.text());
  AION_TRY_VOID(cutter.set_inputs(signature));
  const Step all = whole_step(whole, signature);
  AION_TRY(const Duration time, cutter.measure(all));
  if (time <= longest) {
    return Cutting{{}, "it takes no longer than that"};
  }
  AION_TRY(const auto expected, outputs_of(*whole->library, cutter, all));
  AION_TRY(auto steps, cutter.cut(time));
  if (steps.empty()) {
    return Cutting{{}, "it has no place where few tensors cross"};
  }
  for (const Step& step : steps) {
    AION_TRY_VOID(cutter.measure(step));
  }
  AION_TRY(const auto came, outputs_of(*whole->library, cutter, all));
  if (came != expected) {
    return Cutting{{}, "its parts give other outputs than the whole"};
  }
  return Cutting{std::move(steps), ""};
}

}  // namespace aion::runtime::onnx
