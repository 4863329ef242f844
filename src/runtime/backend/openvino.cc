#include "runtime/backend/openvino.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <dlfcn.h>

#include "runtime/backend/agreement.h"
#include "runtime/backend/openvino/plugin.h"
#include "runtime/backend/threads.h"

namespace aion::runtime {

namespace {

using catalog::TensorSpec;
using openvino::Model;
using openvino::Plugin;
using openvino::PluginEntry;

std::filesystem::path beside_the_program() {
  std::error_code failed;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  return program.parent_path().parent_path() / "lib" / "libaion_openvino.so";
}

Error cannot_use(const std::filesystem::path& path, const std::string& why) {
  return Error{Code::Unavailable,
               "the OpenVINO plug-in " + path.string() + " cannot be used: " + why};
}

std::string interface_of(const PluginEntry& entry) {
  return std::to_string(entry.interface) + "." + std::to_string(entry.bytes);
}

std::string build_of(const PluginEntry& entry) {
  return "aion " + std::string(entry.version) + " by g++ " + std::string(entry.compiler);
}

Result<Plugin*> open_plugin(const std::filesystem::path& path) {
  void* const file = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (file == nullptr) {
    return cannot_use(path, dlerror());
  }
  using GetEntry = const PluginEntry* (*)();
  const auto get_entry = reinterpret_cast<GetEntry>(dlsym(file, openvino::kPluginSymbol));
  if (get_entry == nullptr) {
    return cannot_use(path, std::string("it has no function ").append(openvino::kPluginSymbol));
  }
  const PluginEntry& entry = *get_entry();
  const PluginEntry wanted;
  if (entry.interface != wanted.interface || entry.bytes != wanted.bytes) {
    return cannot_use(
        path, "it has interface " + interface_of(entry) + ", expected " + interface_of(wanted));
  }
  if (entry.version != wanted.version || entry.compiler != wanted.compiler) {
    return cannot_use(path,
                      "it was built for " + build_of(entry) + ", expected " + build_of(wanted));
  }
  return &entry.plugin();
}

/// For each of the wanted, where the file has it.
std::vector<std::uint32_t> ports_of(const std::vector<TensorSpec>& wanted,
                                    const std::vector<TensorSpec>& file) {
  std::vector<std::uint32_t> ports;
  ports.reserve(wanted.size());
  for (const TensorSpec& spec : wanted) {
    const auto found = std::ranges::find(file, spec.name, &TensorSpec::name);
    ports.push_back(static_cast<std::uint32_t>(found - file.begin()));
  }
  return ports;
}

class OpenvinoInstance final : public Instance {
 public:
  OpenvinoInstance(std::unique_ptr<Model> model,
                   catalog::Signature signature,
                   resource::Lease lease)
      : lease_(std::move(lease)),
        signature_(std::move(signature)),
        input_ports_(ports_of(signature_.inputs, model->signature().inputs)),
        output_ports_(ports_of(signature_.outputs, model->signature().outputs)),
        model_(std::move(model)) {}

  [[nodiscard]] const catalog::Signature& signature() const override { return signature_; }

  [[nodiscard]] Task<void> run(Batch batch, CancelToken cancel, ResponseSink& sink) override {
    co_return execute(batch, cancel, sink);
  }

  void shrink() override { model_->shrink(); }

 private:
  [[nodiscard]] Result<void> execute(const Batch& batch,
                                     const CancelToken& cancel,
                                     ResponseSink& sink) {
    std::vector<std::uint32_t> wanted;
    wanted.reserve(batch.outputs.size());
    for (const std::uint32_t output : batch.outputs) {
      wanted.push_back(output_ports_[output]);
    }
    const openvino::Run run{batch.inputs, input_ports_, wanted};
    Response response;
    AION_TRY(response.outputs, model_->run(run, cancel));
    sink.send(std::move(response));
    return {};
  }

  resource::Lease lease_;  // given back last
  catalog::Signature signature_;
  std::vector<std::uint32_t> input_ports_;
  std::vector<std::uint32_t> output_ports_;
  std::unique_ptr<Model> model_;
};

class OpenvinoBackend final : public Backend {
 public:
  explicit OpenvinoBackend(OpenvinoOptions options) : options_(std::move(options)) {}

  [[nodiscard]] std::string_view name() const override { return "openvino"; }

  [[nodiscard]] Task<std::unique_ptr<Instance>> open(catalog::ModelVersion version,
                                                     resource::Lease lease) override {
    co_return load(version, std::move(lease));
  }

 private:
  [[nodiscard]] Result<std::unique_ptr<Instance>> load(const catalog::ModelVersion& version,
                                                       resource::Lease lease) {
    openvino::LoadRequest request;
    request.path = version.path;
    request.runs = options_.compute_threads;
    AION_TRY(request.threads,
             threads_per_run(version.parameters, request.runs, lease.quantity().cores));
    const auto graph = version.parameters.find("graph_optimization");
    if (graph != version.parameters.end() && graph->second != "all") {
      return Error{Code::InvalidArgument,
                   "parameter 'graph_optimization' is '" + graph->second +
                       "', expected 'all' or nothing: OpenVINO has no other"};
    }
    const auto precision = version.parameters.find("inference_precision");
    request.precision = precision == version.parameters.end() ? "f32" : precision->second;
    AION_TRY(Plugin* const ready_plugin, plugin());
    AION_TRY(auto model, ready_plugin->load(request));
    AION_TRY(catalog::Signature signature, agree(version.signature, model->signature()));
    return std::unique_ptr<Instance>(std::make_unique<OpenvinoInstance>(
        std::move(model), std::move(signature), std::move(lease)));
  }

  // Opened by the first who asks; a failure is not kept, so that a plug-in installed later is
  // found.
  [[nodiscard]] Result<Plugin*> plugin() {
    const std::scoped_lock lock(mutex_);
    if (plugin_ == nullptr) {
      AION_TRY(plugin_,
               open_plugin(options_.plugin.empty() ? beside_the_program() : options_.plugin));
    }
    return plugin_;
  }

  OpenvinoOptions options_;
  std::mutex mutex_;
  Plugin* plugin_ = nullptr;
};

}  // namespace

std::unique_ptr<Backend> make_openvino(OpenvinoOptions options) {
  return std::make_unique<OpenvinoBackend>(std::move(options));
}

}  // namespace aion::runtime
