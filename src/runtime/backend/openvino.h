// Runs models with OpenVINO, which lies in a plug-in that is opened at run time.
#pragma once

#include <filesystem>
#include <memory>

#include "runtime/backend/backend.h"

namespace aion::runtime {

struct OpenvinoOptions {
  // libaion_openvino.so; empty = ../lib beside the folder of the running program
  std::filesystem::path plugin;
  int compute_threads = 1;  // how many runs may be under way at once
};

/// The backend "openvino", on the CPU: OpenVINO IR (model.xml with its model.bin), ONNX
/// (model.onnx), TensorFlow SavedModel (a folder model.savedmodel) and TFLite (model.tflite).
/// Clients are told the platform "openvino", whichever the format: Triton has no platform for this
/// backend and then tells its name. The plug-in is opened by the first open(), so making this costs
/// nothing.
///
/// Parameters of a version:
/// "intra_op_thread_count"   as of the backend "onnx"
/// "inference_precision"     f32 (the default), bf16 or f16: what floating-point numbers are
///                           computed in; FP64 is computed in it, too
///
/// A run reads the request's own memory. OpenVINO computes on threads of its own, as many for each
/// instance as there are compute threads, and the thread that awaits run() waits for them; runs
/// beyond that wait for each other. INT64 and UINT64 are computed in 32 bits: a larger value in an
/// input is refused, and so is a model with strings. A running request is cancelled between two
/// operators; a loop is one operator.
[[nodiscard]] std::unique_ptr<Backend> make_openvino(OpenvinoOptions options);

}  // namespace aion::runtime
