// What the daemon and the plug-in of the backend "openvino" say to each other.
//
// The plug-in is a shared library of its own, so that a daemon without such models does not map the
// 40 MB of OpenVINO. C++ types cross this border, so both sides must come from one build: the entry
// tells which interface and which build it is of, before anything else is called.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "base/version.h"
#include "catalog/model/model.h"
#include "tensor/tensor.h"

namespace aion::runtime::openvino {

/// What is wanted of a load.
struct LoadRequest {
  std::filesystem::path path;  // model.xml, model.onnx, model.tflite, or a SavedModel folder
  int threads = 1;             // that share one run
  int runs = 1;                // that may compute at once; more wait for each other
  std::string precision;       // in which floating-point numbers are computed: f32, f16 or bf16
};

/// What one run takes. A port is a position in Model::signature().
struct Run {
  std::span<const tensor::Tensor> inputs;
  std::span<const std::uint32_t> input_ports;   // of each input; every port of the model, once
  std::span<const std::uint32_t> output_ports;  // of the wanted outputs, each at most once
};

/// A model that is loaded and compiled for the CPU.
///
/// Thread safety: run() and shrink() may be called from any thread, several at once; the destructor
/// only when no call is under way.
class Model {
 public:
  virtual ~Model() = default;

  /// As the file has it; extents that are open are -1, an unknown rank is 0.
  [[nodiscard]] virtual const catalog::Signature& signature() const = 0;

  /// Computes, and returns the wanted outputs in their order. They own their memory and may outlive
  /// the model. Fails with Cancelled when `cancel` fires, which is seen
  /// between two operators (a loop is one operator); InvalidArgument when an input is none that the
  /// library takes, Internal with the library's words.
  [[nodiscard]] virtual Result<std::vector<tensor::Tensor>> run(const Run& run,
                                                                const CancelToken& cancel) = 0;

  /// Gives back the memory of runs that are over.
  virtual void shrink() = 0;
};

/// The library, opened once and never closed.
///
/// Thread safety: load() may be called from any thread, several at once.
class Plugin {
 public:
  virtual ~Plugin() = default;

  /// Reads and compiles a model. NotFound without the file, InvalidArgument with the library's
  /// reason, Unimplemented for inputs or outputs that no protocol can carry.
  [[nodiscard]] virtual Result<std::unique_ptr<Model>> load(const LoadRequest& request) = 0;
};

/// Raised with every change of this file.
constexpr std::uint32_t kPluginInterface = 1;

/// The C++ types that cross the border are the same where all of these are. The first two lie where
/// they are in every interface, and are looked at before the others.
struct PluginEntry {
  std::uint32_t interface = kPluginInterface;
  std::uint32_t bytes = sizeof(tensor::Tensor) + sizeof(catalog::Signature) + sizeof(LoadRequest) +
                        sizeof(Run);    // of what crosses: another one where a type was changed
  std::string_view version = kVersion;  // of the program
  std::string_view compiler = __VERSION__;
  Plugin& (*plugin)() = nullptr;  // lives as long as the process
};

/// The name of the one function that a plug-in exports: `const PluginEntry*()`.
constexpr const char* kPluginSymbol = "aion_openvino_plugin";

}  // namespace aion::runtime::openvino
