#include "runtime/backend/echo.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/wait.h"

namespace aion::runtime {

namespace {

using catalog::ModelVersion;
using catalog::Signature;
using catalog::TensorSpec;
using tensor::DataType;
using tensor::Tensor;

constexpr double kMaxDelayMs =
    3'600'000;  // an hour: longer is a mistake, and would overflow somebody's timer

Duration milliseconds(double count) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(count));
}

Error bad_delay(const std::string& came) {
  return Error{
      Code::InvalidArgument,
      "parameter 'delay_ms': expected a number of milliseconds from 0 to 3600000, got " + came};
}

Result<Duration> checked_delay(double ms, const std::string& came) {
  if (!std::isfinite(ms) || ms < 0 || ms > kMaxDelayMs) {
    return bad_delay(came);
  }
  return milliseconds(ms);
}

Result<Duration> parse_delay(const std::string& text) {
  double ms = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (failed != std::errc{} || end != text.data() + text.size()) {
    return bad_delay("'" + text + "'");
  }
  return checked_delay(ms, text);
}

/// The delay that the request asks for, or `otherwise`.
Result<Duration> delay_of(const Parameters& parameters, Duration otherwise) {
  const auto found = parameters.find("delay_ms");
  if (found == parameters.end()) {
    return otherwise;
  }
  if (const auto* count = std::get_if<std::int64_t>(&found->second)) {
    return checked_delay(static_cast<double>(*count), std::to_string(*count));
  }
  if (const auto* number = std::get_if<double>(&found->second)) {
    return checked_delay(*number, std::to_string(*number));
  }
  if (const auto* text = std::get_if<std::string>(&found->second)) {
    return parse_delay(*text);
  }
  return bad_delay("a boolean");
}

Error cancelled() {
  return Error{Code::Cancelled, "the request was cancelled"};
}

/// Sends the inputs back, after a delay.
class IdentityInstance final : public Instance {
 public:
  struct Options {
    bool may_delay = false;
    Duration delay{};
  };
  IdentityInstance(Signature signature, resource::Lease lease, Clock& clock, Options options)
      : signature_(std::move(signature)),
        lease_(std::move(lease)),
        clock_(clock),
        options_(options) {}

  [[nodiscard]] const Signature& signature() const override { return signature_; }

  [[nodiscard]] Task<void> run(Batch batch, CancelToken cancel, ResponseSink& sink) override {
    if (options_.may_delay) {
      AION_CO_TRY(const Duration delay, delay_of(batch.parameters, options_.delay));
      AION_CO_TRY_VOID(co_await wait_until(clock_, clock_.now() + delay, cancel));
    }
    if (cancel.is_cancelled()) {
      co_return cancelled();
    }
    Response response;
    for (const std::uint32_t output : batch.outputs) {
      response.outputs.push_back(batch.inputs[output]);
    }
    sink.send(std::move(response));
    co_return Result<void>{};
  }

 private:
  Signature signature_;
  resource::Lease lease_;
  Clock& clock_;
  Options options_;
};

template <class T>
Tensor scalar(DataType dtype, T value) {
  auto [buffer, data] = tensor::Buffer::allocate(sizeof(T));
  std::memcpy(data, &value, sizeof(T));
  return Tensor{dtype, {1}, std::move(buffer), nullptr};
}

template <class T>
T element(const Tensor& from, std::size_t index) {
  T value;
  std::memcpy(&value, from.data.data + index * sizeof(T), sizeof(T));
  return value;
}

/// Sends the elements of IN back one by one.
class RepeatInstance final : public Instance {
 public:
  RepeatInstance(Signature signature, resource::Lease lease, Clock& clock)
      : signature_(std::move(signature)), lease_(std::move(lease)), clock_(clock) {}

  [[nodiscard]] const Signature& signature() const override { return signature_; }

  [[nodiscard]] Task<void> run(Batch batch, CancelToken cancel, ResponseSink& sink) override {
    const TimePoint begin = clock_.now();
    AION_CO_TRY_VOID(check(batch));
    const std::size_t count = batch.inputs[0].count();
    TimePoint due = begin;
    for (std::size_t i = 0; i < count; ++i) {
      due += std::chrono::milliseconds(element<std::uint32_t>(batch.inputs[1], i));
      AION_CO_TRY_VOID(co_await wait_until(clock_, due, cancel));
      sink.send(response(batch, i));
    }
    const TimePoint end =
        begin + std::chrono::milliseconds(element<std::uint32_t>(batch.inputs[2], 0));
    co_return co_await wait_until(clock_, end, cancel);
  }

 private:
  static Result<void> check(const Batch& batch) {
    const std::size_t values = batch.inputs[0].count();
    const std::size_t delays = batch.inputs[1].count();
    if (values != delays) {
      return Error{Code::InvalidArgument,
                   "input 'DELAY': expected one element for each of the " + std::to_string(values) +
                       " of 'IN', got " + std::to_string(delays)};
    }
    if (batch.inputs[2].count() != 1) {
      return Error{
          Code::InvalidArgument,
          "input 'WAIT': expected 1 element, got " + std::to_string(batch.inputs[2].count())};
    }
    return {};
  }

  static Response response(const Batch& batch, std::size_t index) {
    Response answer;
    for (const std::uint32_t output : batch.outputs) {
      answer.outputs.push_back(
          output == 0 ? scalar(DataType::Int32, element<std::int32_t>(batch.inputs[0], index))
                      : scalar(DataType::Uint32, static_cast<std::uint32_t>(index)));
    }
    return answer;
  }

  Signature signature_;
  resource::Lease lease_;
  Clock& clock_;
};

Signature identity_default() {
  return Signature{{TensorSpec{"INPUT0", DataType::Fp32, {-1}}},
                   {TensorSpec{"OUTPUT0", DataType::Fp32, {-1}}}};
}

Signature repeat_default() {
  return Signature{
      {TensorSpec{"IN", DataType::Int32, {-1}},
       TensorSpec{"DELAY", DataType::Uint32, {-1}},
       TensorSpec{"WAIT", DataType::Uint32, {1}}},
      {TensorSpec{"OUT", DataType::Int32, {1}}, TensorSpec{"IDX", DataType::Uint32, {1}}}};
}

std::string describe(const TensorSpec& spec) {
  return "'" + spec.name + "' " + std::string(tensor::to_string(spec.dtype)) + " " +
         tensor::to_string(spec.shape);
}

bool holds(const TensorSpec& output, const TensorSpec& input) {
  if (output.dtype != input.dtype || output.shape.size() != input.shape.size()) {
    return false;
  }
  for (std::size_t i = 0; i < output.shape.size(); ++i) {
    if (output.shape[i] != -1 && output.shape[i] != input.shape[i]) {
      return false;
    }
  }
  return true;
}

Result<Signature> identity_signature(const Signature& given) {
  if (given.inputs.empty() && given.outputs.empty()) {
    return identity_default();
  }
  if (given.inputs.size() != given.outputs.size()) {
    return Error{Code::InvalidArgument,
                 "echo sends input i back as output i: expected as many outputs as inputs, got " +
                     std::to_string(given.inputs.size()) + " inputs and " +
                     std::to_string(given.outputs.size()) + " outputs"};
  }
  for (std::size_t i = 0; i < given.inputs.size(); ++i) {
    if (!holds(given.outputs[i], given.inputs[i])) {
      return Error{Code::InvalidArgument,
                   "echo sends input " + describe(given.inputs[i]) +
                       " back: expected an output of the same datatype and shape, got " +
                       describe(given.outputs[i])};
    }
  }
  return given;
}

Result<void> check_same(const std::vector<TensorSpec>& given,
                        const std::vector<TensorSpec>& wanted,
                        std::string_view side) {
  if (given.size() != wanted.size()) {
    return Error{Code::InvalidArgument,
                 "echo mode 'repeat' has " + std::to_string(wanted.size()) + " " +
                     std::string(side) + ", the version's signature " +
                     std::to_string(given.size())};
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    const bool is_same = given[i].name == wanted[i].name && given[i].dtype == wanted[i].dtype &&
                         given[i].shape.size() == wanted[i].shape.size();
    if (!is_same) {
      return Error{Code::InvalidArgument,
                   "echo mode 'repeat', " + std::string(side) + ": expected " +
                       describe(wanted[i]) + ", got " + describe(given[i])};
    }
  }
  return {};
}

Result<Signature> repeat_signature(const ModelVersion& version) {
  if (!version.is_decoupled) {
    return Error{Code::InvalidArgument,
                 "echo mode 'repeat' answers a request with any number of responses: the version "
                 "must be decoupled "
                 "(model_transaction_policy { decoupled: true })"};
  }
  Signature wanted = repeat_default();
  if (!version.signature.inputs.empty() || !version.signature.outputs.empty()) {
    AION_TRY_VOID(check_same(version.signature.inputs, wanted.inputs, "inputs"));
    AION_TRY_VOID(check_same(version.signature.outputs, wanted.outputs, "outputs"));
  }
  return wanted;
}

std::string parameter(const ModelVersion& version, const std::string& name, std::string otherwise) {
  const auto found = version.parameters.find(name);
  return found == version.parameters.end() ? std::move(otherwise) : found->second;
}

class EchoBackend final : public Backend {
 public:
  explicit EchoBackend(Clock& clock) : clock_(clock) {}

  [[nodiscard]] std::string_view name() const override { return "echo"; }

  /// It computes nothing: its runs need no slot of the device.
  [[nodiscard]] Result<Estimate> estimate(const ModelVersion& /*version*/) const override {
    return Estimate{};
  }

  [[nodiscard]] Task<std::unique_ptr<Instance>> open(ModelVersion version,
                                                     resource::Lease lease) override {
    co_return make(version, std::move(lease));
  }

 private:
  Result<std::unique_ptr<Instance>> make(const ModelVersion& version, resource::Lease lease) {
    const std::string mode = parameter(version, "mode", "identity");
    if (mode == "repeat") {
      AION_TRY(Signature signature, repeat_signature(version));
      return std::unique_ptr<Instance>(
          std::make_unique<RepeatInstance>(std::move(signature), std::move(lease), clock_));
    }
    if (mode != "identity" && mode != "delay") {
      return Error{Code::InvalidArgument,
                   "parameter 'mode': expected identity, delay or repeat, got '" + mode + "'"};
    }
    IdentityInstance::Options options{mode == "delay", {}};
    AION_TRY(options.delay, parse_delay(parameter(version, "delay_ms", "0")));
    AION_TRY(Signature signature, identity_signature(version.signature));
    return std::unique_ptr<Instance>(std::make_unique<IdentityInstance>(
        std::move(signature), std::move(lease), clock_, options));
  }

  Clock& clock_;
};

}  // namespace

std::unique_ptr<Backend> make_echo(Clock& clock) {
  return std::make_unique<EchoBackend>(clock);
}

}  // namespace aion::runtime
