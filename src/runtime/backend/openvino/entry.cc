// The plug-in's one door: the function that the daemon looks up, and the library behind it.
#include <filesystem>
#include <memory>
#include <utility>

#include <openvino/runtime/core.hpp>
#include <openvino/runtime/properties.hpp>

#include "runtime/backend/openvino/compiled_model.h"
#include "runtime/backend/openvino/failure.h"
#include "runtime/backend/openvino/plugin.h"
#include "runtime/backend/openvino/signature.h"

namespace aion::runtime::openvino {

namespace {

constexpr const char* kDevice = "CPU";

Result<ov::element::Type> precision_of(const std::string& name) {
  if (name == "f32") {
    return ov::element::Type(ov::element::f32);
  }
  if (name == "bf16") {
    return ov::element::Type(ov::element::bf16);
  }
  if (name == "f16") {
    return ov::element::Type(ov::element::f16);
  }
  return Error{Code::InvalidArgument,
               "parameter 'inference_precision' is '" + name + "', expected f32, bf16 or f16"};
}

ov::AnyMap settings_of(const LoadRequest& request, ov::element::Type precision) {
  return {
      ov::hint::inference_precision(precision),
      ov::num_streams(request.runs),
      ov::inference_num_threads(request.threads * request.runs),
      // Other models compute on the same cores; the system's scheduler knows them all.
      ov::hint::enable_cpu_pinning(false),
  };
}

class Library final : public Plugin {
 public:
  [[nodiscard]] Result<std::unique_ptr<Model>> load(const LoadRequest& request) override {
    AION_TRY(const ov::element::Type precision, precision_of(request.precision));
    std::error_code failed;
    if (!std::filesystem::exists(request.path, failed)) {
      return Error{Code::NotFound, "there is no model file '" + request.path.string() + "'"};
    }
    return guarded(Code::InvalidArgument, [&]() -> Result<std::unique_ptr<Model>> {
      // Not mapped: a file that is cut short while it is mapped would end the process.
      const auto model = core_.read_model(request.path.string(), {}, {ov::enable_mmap(false)});
      AION_TRY(catalog::Signature signature, read_signature(*model));
      auto compiled = core_.compile_model(model, kDevice, settings_of(request, precision));
      return std::unique_ptr<Model>(
          std::make_unique<CompiledModel>(std::move(compiled), std::move(signature)));
    });
  }

 private:
  ov::Core core_;
};

// Never destroyed: its threads and our outputs may outlive any owner.
Plugin& library() {
  static auto* const made = new Library();
  return *made;
}

constexpr PluginEntry kEntry{.plugin = &library};

}  // namespace

}  // namespace aion::runtime::openvino

// NOLINTNEXTLINE(readability-identifier-naming): looked up by this name
extern "C" __attribute__((visibility("default"))) const aion::runtime::openvino::PluginEntry*
aion_openvino_plugin() {
  return &aion::runtime::openvino::kEntry;
}
