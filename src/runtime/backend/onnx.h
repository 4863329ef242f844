// Runs ONNX models with ONNX Runtime, which is opened at run time.
#pragma once

#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/log.h"
#include "runtime/backend/backend.h"

namespace aion::runtime {

struct OnnxOptions {
  std::filesystem::path library;          // libonnxruntime.so; empty = the one that the build found
  int compute_threads = 1;                // how many runs may be under way at once
  std::filesystem::path cache = {};       // folder of optimised graphs; empty = none is kept
  Bytes cache_limit = Bytes::mebi(1024);  // of all of them together; 0 = none is kept
  const Log* log = nullptr;  // for what goes wrong with the cache; outlives the backend
};

/// The backend "onnx". The library is opened by the first open(), so making this costs nothing.
///
/// Parameters of a version: "intra_op_thread_count", a whole number from 1: how many threads share
/// one run. Without it one run has one thread where several runs may be under way at once, else as
/// many as the lease has cores. "graph_optimization", all (without it), extended, basic or off: how
/// far the library may change the graph.
///
/// A load leaves the optimised graph in the cache folder, and the next one of the same content, by
/// the same library on the same kind of CPU, takes it from there. Models below 256 KiB and above
/// 512 MiB, and those with weights in other files, go without.
///
/// An instance computes on the thread that awaits run(). Its outputs are the library's own memory,
/// not copied; they keep the session alive, so the weights are freed when the instance and its last
/// response are gone.
[[nodiscard]] std::unique_ptr<Backend> make_onnx(OnnxOptions options);

}  // namespace aion::runtime
