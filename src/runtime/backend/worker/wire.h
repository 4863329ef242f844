// The bodies of the messages between the daemon and a worker process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/model/model.h"
#include "resource/lease/lease.h"
#include "runtime/backend/backend.h"

namespace aion::runtime::worker {

/// What Open says: everything that the backend in the worker gets.
struct Opening {
  catalog::ModelVersion version;
  resource::Claim claim;  // of the lease, which itself stays with the daemon
};

/// What Run says beside the tensors.
struct RunBody {
  std::vector<std::uint32_t> outputs;
  Parameters parameters;
};

/// How a run ended: an Error, or well.
struct Outcome {
  Result<void> result;
};

[[nodiscard]] std::string encode_hello();
[[nodiscard]] std::string encode(const Opening& opening);
[[nodiscard]] std::string encode(const catalog::Signature& signature);
[[nodiscard]] std::string encode(const RunBody& run);
[[nodiscard]] std::string encode(const Parameters& parameters);
[[nodiscard]] std::string encode(const Outcome& outcome);

// Each fails with Internal when the body is not what its kind of message has.
/// The wire version that the worker says it speaks.
[[nodiscard]] Result<std::uint32_t> decode_hello(std::string_view body);
[[nodiscard]] Result<Opening> decode_opening(std::string_view body);
[[nodiscard]] Result<catalog::Signature> decode_signature(std::string_view body);
[[nodiscard]] Result<RunBody> decode_run(std::string_view body);
[[nodiscard]] Result<Parameters> decode_parameters(std::string_view body);
[[nodiscard]] Result<Outcome> decode_outcome(std::string_view body);

}  // namespace aion::runtime::worker
