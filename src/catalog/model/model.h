// A model as the catalog knows it: its versions, and what each needs to be served.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace aion::catalog {

/// One input or output: what its tensors look like. -1 in the shape stands for any extent.
struct TensorSpec {
  std::string name;
  tensor::DataType dtype = tensor::DataType::Invalid;
  tensor::Shape shape;
  bool is_optional = false;
};

/// Everything that goes in and comes out, in the model's own order.
struct Signature {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
};

/// An immutable state of a model. What the configuration left out is completed by the backend that
/// opens it.
struct ModelVersion {
  std::string name;
  std::int64_t number = 1;
  std::string backend;   // "onnx", "echo": a name of runtime/backends.cc
  std::string platform;  // what clients are told, e.g. "onnxruntime_onnx"
  std::filesystem::path
      path;             // the model file, or the version's folder for a backend without files
  Signature signature;  // empty = taken from the file; else must agree with it
  std::int64_t max_batch_size =
      0;  // rows a request may hold; 0 = the first extent is no batch, or has no limit
  bool is_decoupled = false;  // answers a request with none, one or many responses
  std::map<std::string, std::string> parameters;  // of the backend, e.g. "intra_op_thread_count"
};

/// A model that the repository holds.
struct Model {
  std::string name;
  std::vector<ModelVersion> versions;  // wanted by the version policy, ascending
};

}  // namespace aion::catalog
