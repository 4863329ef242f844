// The port through which models are found.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/model/model.h"

namespace aion::catalog {

/// One name that the repository holds: a model, or why it is none.
struct Finding {
  std::string name;
  Result<Model> model;
};

/// What a client gives for one load in the place of what the repository holds.
struct Override {
  std::string config;  // JSON of a model configuration
  // Contents by their path below the model's folder ("1/model.onnx"); none = the repository's files
  std::map<std::string, std::string> files;
};

/// Where models lie. Reads files, so it is called on the blocking executor.
///
/// Thread safety: const methods may be called from any thread.
class Repository {
 public:
  virtual ~Repository() = default;

  /// Every model, sorted by name; a broken one is a finding with its Error, never a failure of the
  /// whole.
  [[nodiscard]] virtual Result<std::vector<Finding>> scan() const = 0;

  /// One model as it is now. NotFound when the repository does not hold the name;
  /// InvalidArgument for a name that is no plain file name ("..", "a/b", empty).
  [[nodiscard]] virtual Result<Model> find(std::string_view name) const = 0;

  /// The model `name` as the override says. Its files are written aside and stay there as long as
  /// a version is in use. InvalidArgument names a configuration or a path that is wrong.
  [[nodiscard]] virtual Result<Model> overridden(std::string_view name,
                                                 const Override& given) const = 0;
};

}  // namespace aion::catalog
