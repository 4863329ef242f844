// Keeps the one response of a run.
#pragma once

#include <optional>
#include <utility>

#include "base/task.h"
#include "runtime/backend/backend.h"

namespace aion::serving {

class OneResponse final : public runtime::ResponseSink {
 public:
  void send(runtime::Response response) override { response_ = std::move(response); }

  /// What was sent, once the run has ended in `ended`.
  [[nodiscard]] Result<runtime::Response> take(Result<void> ended) {
    if (!ended) {
      return std::move(ended).error();
    }
    if (!response_) {
      return Error{Code::Internal, "the model ended without an answer"};
    }
    return *std::move(response_);
  }

 private:
  std::optional<runtime::Response> response_;
};

}  // namespace aion::serving
