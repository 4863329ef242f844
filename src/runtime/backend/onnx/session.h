// A model file loaded by ONNX Runtime.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "runtime/backend/onnx/library.h"

namespace aion::runtime::onnx {

/// A session and the library it belongs to. Several runs may be under way in it at once.
struct Session {
  std::shared_ptr<const Library> library;
  SessionHandle handle;
};

/// Reads and optimises the model file. Fails with the library's own reason.
[[nodiscard]] Result<std::shared_ptr<const Session>> load_session(
    std::shared_ptr<const Library> library, const std::filesystem::path& model, int threads);

}  // namespace aion::runtime::onnx
