// Infer requests and responses of KServe v2 as the command line builds and reads them.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/connection.h"
#include "cli/host_tensor.h"

namespace aion::cli {

/// What the daemon says a model takes and gives; tensors without data.
struct ModelShape {
  std::string path;  // "/v2/models/NAME" or ".../versions/V"
  std::vector<HostTensor> inputs;
  std::vector<HostTensor> outputs;
};

[[nodiscard]] Result<ModelShape> fetch_model(Connection& connection,
                                             const std::string& model,
                                             const std::string& version);

/// A request with all tensors binary and all outputs wanted binary; `outputs` empty = all.
[[nodiscard]] net::ClientRequest binary_request(const ModelShape& model,
                                                const std::vector<HostTensor>& inputs,
                                                const std::vector<std::string>& outputs);

/// The outputs of an answer, binary or JSON; JSON outputs of fixed-size types become binary. The
/// data of each is as long as its shape and type say, or the whole is a bad_answer().
[[nodiscard]] Result<std::vector<HostTensor>> read_response(const net::ClientResponse& response);

/// Nested lists as a tensor of the declared type, its shape that of the nesting. InvalidArgument
/// for ragged lists and elements of another kind.
[[nodiscard]] Result<HostTensor> tensor_from_json(const Json& nested, const HostTensor& declared);

/// The tensor as flat JSON values; BYTES as strings, non-finite numbers as "NaN", "Infinity",
/// "-Infinity".
[[nodiscard]] Json json_values(const HostTensor& tensor);

}  // namespace aion::cli
