// The port through which models are found.
#pragma once

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
};

}  // namespace aion::catalog
