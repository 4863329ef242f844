#include "runtime/backend/onnx/session.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <malloc.h>

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

Result<SessionOptionsHandle> make_options(const Library& library,
                                          int threads,
                                          GraphOptimizationLevel level) {
  const OrtApi& api = library.api();
  OrtSessionOptions* made = nullptr;
  AION_TRY_VOID(library.check(api.CreateSessionOptions(&made)));
  auto options = library.own<SessionOptionsHandle>(made);
  AION_TRY_VOID(library.check(api.SetSessionGraphOptimizationLevel(made, level)));
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

// What decides how a graph is optimised, beside the model and the CPU.
std::string maker_of(const Library& library, GraphOptimizationLevel level) {
  std::string maker =
      "graph 1, ONNX Runtime " + library.version() + ", level " + std::to_string(level);
  for (const auto& [key, value] : kSettings) {
    maker.append(", ").append(key).append("=").append(value);
  }
  return maker;
}

Result<SessionHandle> session_of(const Library& library,
                                 const std::filesystem::path& model,
                                 const OrtSessionOptions* options) {
  OrtSession* made = nullptr;
  AION_TRY_VOID(
      library.check(library.api().CreateSession(library.env(), model.c_str(), options, &made)));
  return library.own<SessionHandle>(made);
}

Result<SessionHandle> session_of_graph(const Library& library,
                                       std::string_view graph,
                                       int threads) {
  AION_TRY(const SessionOptionsHandle options, make_options(library, threads, ORT_DISABLE_ALL));
  OrtSession* made = nullptr;
  AION_TRY_VOID(library.check(library.api().CreateSessionFromArray(
      library.env(), graph.data(), graph.size(), options.get(), &made)));
  return library.own<SessionHandle>(made);
}

// A session that has optimised a graph keeps the weights that it has read beside those that it made
// of them. One that is made of the optimised graph keeps half.
Result<SessionHandle> lean(const Library& library,
                           const SessionRequest& request,
                           std::string_view graph,
                           SessionHandle session) {
  constexpr std::size_t kWorthIt = 4U << 20U;
  if (graph.size() < kWorthIt) {
    return session;
  }
  session.reset();
  malloc_trim(0);
  return session_of_graph(library, graph, request.threads);
}

// Optimises the graph, and keeps it as ONNX. The library's own format is no faster to load, and its
// bytes would have to be copied, or to stay for as long as the session.
Result<SessionHandle> session_to_keep(const Library& library,
                                      const SessionRequest& request,
                                      const std::string& key,
                                      GraphCache& cache) {
  const MemoryFile file;
  AION_TRY(const SessionOptionsHandle options,
           make_options(library, request.threads, request.level));
  AION_TRY_VOID(
      library.check(library.api().SetOptimizedModelFilePath(options.get(), file.path().c_str())));
  AION_TRY(SessionHandle session, session_of(library, request.model, options.get()));
  const auto graph = file.content();
  // Asked again: the file may have become another one before the library read it.
  if (graph && !graph->text().empty() &&
      cache.key_of(request.model, maker_of(library, request.level)) == key) {
    cache.keep(key, graph->text());
    return lean(library, request, graph->text(), std::move(session));
  }
  return session;
}

// By way of the cache; nothing where it is not for this model, or in the way.
std::optional<SessionHandle> session_by_cache(const Library& library,
                                              const SessionRequest& request,
                                              GraphCache& cache) {
  const auto key = cache.key_of(request.model, maker_of(library, request.level));
  if (!key) {
    return std::nullopt;
  }
  if (const auto entry = cache.find(*key)) {
    auto session = session_of_graph(library, entry->graph(), request.threads);
    if (session) {
      return *std::move(session);
    }
    cache.drop(*key, session.error().message);
  }
  auto session = session_to_keep(library, request, *key, cache);
  return session ? std::optional(*std::move(session)) : std::nullopt;
}

}  // namespace

Session::~Session() {
  handle.reset();
  malloc_trim(0);  // the C library keeps freed blocks of up to 32 MiB
}

Result<std::shared_ptr<Session>> load_session(std::shared_ptr<const Library> library,
                                              const SessionRequest& request,
                                              GraphCache& cache) {
  if (request.level != ORT_DISABLE_ALL) {
    if (auto session = session_by_cache(*library, request, cache)) {
      return std::make_shared<Session>(std::move(library), *std::move(session));
    }
  }
  AION_TRY(const SessionOptionsHandle options,
           make_options(*library, request.threads, request.level));
  AION_TRY(SessionHandle handle, session_of(*library, request.model, options.get()));
  return std::make_shared<Session>(std::move(library), std::move(handle));
}

Result<Pages> optimised_graph(const Library& library, const SessionRequest& request) {
  const MemoryFile file;
  AION_TRY(const SessionOptionsHandle options,
           make_options(library, request.threads, request.level));
  AION_TRY_VOID(
      library.check(library.api().SetOptimizedModelFilePath(options.get(), file.path().c_str())));
  AION_TRY(const SessionHandle session, session_of(library, request.model, options.get()));
  return file.content();
}

Result<std::shared_ptr<const Session>> session_of(std::shared_ptr<const Library> library,
                                                  std::string_view graph,
                                                  int threads) {
  AION_TRY(SessionHandle handle, session_of_graph(*library, graph, threads));
  return std::make_shared<const Session>(std::move(library), std::move(handle));
}

}  // namespace aion::runtime::onnx
