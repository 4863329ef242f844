#include "runtime/backend/worker/wire.h"

#include <utility>

#include "runtime/backend/worker/encoding.h"
#include "runtime/backend/worker/region.h"

namespace aion::runtime::worker {

namespace {

using catalog::ModelVersion;
using catalog::Signature;
using catalog::TensorSpec;

constexpr std::size_t kLeastText = 4;
constexpr std::uint8_t kEndedWell = 0xff;  // in the place of an error's code

template <class Value>
Result<Value> checked(Decoder& in, Value value, const char* what) {
  if (!in.is_good() || !in.rest().empty()) {
    return Error{Code::Internal, std::string("malformed message: its body is not that of ") + what};
  }
  return value;
}

/// An enumerator that is at most `last`.
template <class Enum>
Enum enumerator(Decoder& in, Enum last) {
  const auto value = in.number<std::uint8_t>();
  if (value > static_cast<std::uint8_t>(last)) {
    in.fail();
    return Enum{};
  }
  return static_cast<Enum>(value);
}

void put(Encoder& out, const std::vector<TensorSpec>& specs) {
  out.count(specs.size());
  for (const TensorSpec& spec : specs) {
    out.text(spec.name);
    out.number(static_cast<std::uint8_t>(spec.dtype));
    out.count(spec.shape.size());
    for (const std::int64_t extent : spec.shape) {
      out.number(extent);
    }
    out.number(spec.is_optional);
  }
}

std::vector<TensorSpec> get_specs(Decoder& in) {
  std::vector<TensorSpec> specs(in.count(kLeastText + 1 + 4 + 1));
  for (TensorSpec& spec : specs) {
    spec.name = in.text();
    spec.dtype = enumerator(in, tensor::DataType::Bytes);
    spec.shape.resize(in.count(sizeof(std::int64_t)));
    for (std::int64_t& extent : spec.shape) {
      extent = in.number<std::int64_t>();
    }
    spec.is_optional = in.number<bool>();
  }
  return specs;
}

void put(Encoder& out, const Signature& signature) {
  put(out, signature.inputs);
  put(out, signature.outputs);
}

Signature get_signature(Decoder& in) {
  Signature signature;
  signature.inputs = get_specs(in);
  signature.outputs = get_specs(in);
  return signature;
}

void put(Encoder& out, const Parameters& parameters) {
  out.count(parameters.size());
  for (const auto& [name, value] : parameters) {
    out.text(name);
    out.number(static_cast<std::uint8_t>(value.index()));
    if (const auto* text = std::get_if<std::string>(&value)) {
      out.text(*text);
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      out.number(*integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      out.number(*real);
    } else {
      out.number(std::get<bool>(value));
    }
  }
}

ParameterValue get_value(Decoder& in) {
  switch (in.number<std::uint8_t>()) {
    case 0:
      return in.number<bool>();
    case 1:
      return in.number<std::int64_t>();
    case 2:
      return in.number<double>();
    case 3:
      return in.text();
    default:
      in.fail();
      return false;
  }
}

Parameters get_parameters(Decoder& in) {
  Parameters parameters;
  for (std::size_t left = in.count(kLeastText + 2); left > 0; --left) {
    std::string name = in.text();
    parameters.insert_or_assign(std::move(name), get_value(in));
  }
  return parameters;
}

void put(Encoder& out, const ModelVersion& version) {
  out.text(version.name);
  out.number(version.number);
  out.text(version.backend);
  out.text(version.platform);
  out.text(version.path.native());
  put(out, version.signature);
  out.number(version.max_batch_size);
  out.number(version.is_decoupled);
  out.count(version.parameters.size());
  for (const auto& [name, value] : version.parameters) {
    out.text(name);
    out.text(value);
  }
}

ModelVersion get_version(Decoder& in) {
  ModelVersion version;
  version.name = in.text();
  version.number = in.number<std::int64_t>();
  version.backend = in.text();
  version.platform = in.text();
  version.path = in.text();
  version.signature = get_signature(in);
  version.max_batch_size = in.number<std::int64_t>();
  version.is_decoupled = in.number<bool>();
  for (std::size_t left = in.count(2 * kLeastText); left > 0; --left) {
    std::string name = in.text();
    version.parameters.insert_or_assign(std::move(name), in.text());
  }
  return version;
}

void put(Encoder& out, const resource::Claim& claim) {
  out.text(claim.holder);
  out.number(static_cast<std::uint8_t>(claim.device.kind));
  out.number(claim.device.index);
  out.number(claim.quantity.cores);
  out.number(claim.quantity.memory.count);
}

resource::Claim get_claim(Decoder& in) {
  resource::Claim claim;
  claim.holder = in.text();
  claim.device.kind = enumerator(in, resource::DeviceKind::Simulated);
  claim.device.index = in.number<std::uint32_t>();
  claim.quantity.cores = in.number<double>();
  claim.quantity.memory.count = in.number<std::uint64_t>();
  return claim;
}

template <class Value>
std::string encoded(const Value& value) {
  Encoder out;
  put(out, value);
  return out.take();
}

}  // namespace

std::string encode_hello() {
  Encoder out;
  out.number(kWireVersion);
  return out.take();
}

std::string encode(const Opening& opening) {
  Encoder out;
  put(out, opening.version);
  put(out, opening.claim);
  return out.take();
}

std::string encode(const Signature& signature) {
  return encoded(signature);
}

std::string encode(const RunBody& run) {
  Encoder out;
  out.count(run.outputs.size());
  for (const std::uint32_t output : run.outputs) {
    out.number(output);
  }
  put(out, run.parameters);
  return out.take();
}

std::string encode(const Parameters& parameters) {
  return encoded(parameters);
}

std::string encode(const Outcome& outcome) {
  Encoder out;
  if (outcome.result) {
    out.number(kEndedWell);
    out.text("");
  } else {
    out.number(static_cast<std::uint8_t>(outcome.result.error().code));
    out.text(outcome.result.error().message);
  }
  return out.take();
}

Result<std::uint32_t> decode_hello(std::string_view body) {
  Decoder in(body);
  const auto version = in.number<std::uint32_t>();
  return checked(in, version, "Hello");
}

Result<Opening> decode_opening(std::string_view body) {
  Decoder in(body);
  Opening opening;
  opening.version = get_version(in);
  opening.claim = get_claim(in);
  return checked(in, std::move(opening), "Open");
}

Result<Signature> decode_signature(std::string_view body) {
  Decoder in(body);
  Signature signature = get_signature(in);
  return checked(in, std::move(signature), "Opened");
}

Result<RunBody> decode_run(std::string_view body) {
  Decoder in(body);
  RunBody run;
  run.outputs.resize(in.count(sizeof(std::uint32_t)));
  for (std::uint32_t& output : run.outputs) {
    output = in.number<std::uint32_t>();
  }
  run.parameters = get_parameters(in);
  return checked(in, std::move(run), "Run");
}

Result<Parameters> decode_parameters(std::string_view body) {
  Decoder in(body);
  Parameters parameters = get_parameters(in);
  return checked(in, std::move(parameters), "Response");
}

Result<Outcome> decode_outcome(std::string_view body) {
  Decoder in(body);
  const auto code = in.number<std::uint8_t>();
  std::string message = in.text();
  Outcome outcome;
  if (code != kEndedWell) {
    if (code > static_cast<std::uint8_t>(Code::Internal)) {
      in.fail();
    }
    outcome.result = Error{static_cast<Code>(code), std::move(message)};
  }
  return checked(in, std::move(outcome), "Done or Refused");
}

}  // namespace aion::runtime::worker
