#include "runtime/backend/onnx/session.h"

#include <utility>

namespace aion::runtime::onnx {

namespace {

struct Setting {
  const char* key;
  const char* value;
};

constexpr Setting kSettings[] = {
    // Threads that spin while they wait for work take the cores of the other models and of the io
    // threads.
    {"session.intra_op.allow_spinning", "0"},
    // Weights in exact blocks of their own: the arena, which grows by powers of two, holds only
    // what runs need, and
    // shrinking it can free every block.
    {"session.use_device_allocator_for_initializers", "1"},
};

Result<SessionOptionsHandle> make_options(const Library& library, int threads) {
  const OrtApi& api = library.api();
  OrtSessionOptions* made = nullptr;
  AION_TRY_VOID(library.check(api.CreateSessionOptions(&made)));
  auto options = library.own<SessionOptionsHandle>(made);
  AION_TRY_VOID(library.check(api.SetSessionGraphOptimizationLevel(made, ORT_ENABLE_ALL)));
  AION_TRY_VOID(library.check(api.SetSessionExecutionMode(made, ORT_SEQUENTIAL)));
  AION_TRY_VOID(library.check(api.SetIntraOpNumThreads(made, threads)));
  AION_TRY_VOID(library.check(api.SetInterOpNumThreads(made, 1)));
  AION_TRY_VOID(library.check(api.EnableMemPattern(made)));
  AION_TRY_VOID(library.check(api.EnableCpuMemArena(made)));
  for (const auto& [key, value] : kSettings) {
    AION_TRY_VOID(library.check(api.AddSessionConfigEntry(made, key, value)));
  }
  return options;
}

}  // namespace

Result<std::shared_ptr<const Session>> load_session(std::shared_ptr<const Library> library,
                                                    const std::filesystem::path& model,
                                                    int threads) {
  AION_TRY(const SessionOptionsHandle options, make_options(*library, threads));
  OrtSession* made = nullptr;
  AION_TRY_VOID(library->check(
      library->api().CreateSession(library->env(), model.c_str(), options.get(), &made)));
  auto handle = library->own<SessionHandle>(made);
  return std::make_shared<const Session>(Session{std::move(library), std::move(handle)});
}

}  // namespace aion::runtime::onnx
