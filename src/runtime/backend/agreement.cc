#include "runtime/backend/agreement.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aion::runtime {

namespace {

using catalog::TensorSpec;

std::string quoted(std::string_view word, const std::string& name) {
  return std::string(word) + " '" + name + "'";
}

std::string names_of(const std::vector<TensorSpec>& specs) {
  std::string names;
  for (const TensorSpec& spec : specs) {
    names.append(names.empty() ? "" : ", ").append(spec.name);
  }
  return names;
}

bool allows(const tensor::Shape& file, const tensor::Shape& configured) {
  if (file.empty()) {
    return true;  // a scalar, or of unknown rank: the library's interface shows both as rank 0
  }
  return std::ranges::equal(file, configured, [](std::int64_t wide, std::int64_t narrow) {
    return wide == -1 || wide == narrow;
  });
}

Result<std::vector<TensorSpec>> agree_side(const std::vector<TensorSpec>& configured,
                                           std::vector<TensorSpec> file,
                                           std::string_view word) {
  if (configured.empty()) {
    return file;
  }
  for (const TensorSpec& spec : configured) {
    const auto found = std::ranges::find(file, spec.name, &TensorSpec::name);
    if (found == file.end()) {
      return Error{Code::InvalidArgument,
                   quoted(word, spec.name) +
                       " is configured, but the model file has only: " + names_of(file)};
    }
    if (spec.dtype != found->dtype) {
      return Error{Code::InvalidArgument,
                   quoted(word, spec.name) + " is configured as " +
                       std::string(to_string(spec.dtype)) + ", but the model file has " +
                       std::string(to_string(found->dtype))};
    }
    if (!allows(found->shape, spec.shape)) {
      return Error{Code::InvalidArgument,
                   quoted(word, spec.name) + " is configured with shape " +
                       tensor::to_string(spec.shape) + ", but the model file has " +
                       tensor::to_string(found->shape)};
    }
  }
  return configured;
}

}  // namespace

Result<catalog::Signature> agree(const catalog::Signature& configured, catalog::Signature file) {
  const auto is_configured = [&](const TensorSpec& spec) {
    return std::ranges::find(configured.inputs, spec.name, &TensorSpec::name) !=
           configured.inputs.end();
  };
  const auto missing = std::ranges::find_if_not(file.inputs, is_configured);
  if (!configured.inputs.empty() && missing != file.inputs.end()) {
    return Error{
        Code::InvalidArgument,
        quoted("input", missing->name) +
            " of the model file is not configured; configured are: " + names_of(configured.inputs)};
  }
  catalog::Signature signature;
  AION_TRY(signature.inputs, agree_side(configured.inputs, std::move(file.inputs), "input"));
  AION_TRY(signature.outputs, agree_side(configured.outputs, std::move(file.outputs), "output"));
  return signature;
}

}  // namespace aion::runtime
