// What OpenVINO throws, as errors of the house.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace aion::runtime::openvino {

/// The error for the exception that is being handled: Cancelled, ResourceExhausted when memory ran
/// out, else `otherwise`, with the library's words but without its source lines.
[[nodiscard]] Error current_failure(Code otherwise);

/// Calls `action`, which returns a Result; what it throws becomes an Error.
template <class Action>
auto guarded(Code otherwise, Action&& action) -> decltype(action()) {
  try {
    return std::forward<Action>(action)();
  } catch (...) {
    return current_failure(otherwise);
  }
}

}  // namespace aion::runtime::openvino
