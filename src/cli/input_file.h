// Input tensors from the files and flags that people name on the command line.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/host_tensor.h"
#include "cli/infer_exchange.h"

namespace aion::cli {

/// The flags that say where inputs come from: --input, --scale, --mean, --std.
[[nodiscard]] std::vector<Option> input_options();

/// The tensors that the --input flags name, each "FILE" (the model's only input) or "NAME=FILE";
/// .npy, .png, .jpg, or .json with {"NAME": nested lists, ...}. Says on stderr what was done to a
/// picture.
[[nodiscard]] Result<std::vector<HostTensor>> read_inputs(const Arguments& arguments,
                                                          const ModelShape& model);

}  // namespace aion::cli
