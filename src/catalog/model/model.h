// A model as the catalog knows it: its versions, and what each needs to be served.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/request_context.h"
#include "tensor/tensor.h"

namespace aion::catalog {

/// One input or output: what its tensors look like. -1 in the shape stands for any extent.
struct TensorSpec {
  std::string name;
  tensor::DataType dtype = tensor::DataType::Invalid;
  tensor::Shape shape;
  bool is_optional = false;
  // What the backend has in the place of `shape`: as many elements, with the open extents in the
  // same order. Nothing where it has the same.
  std::optional<tensor::Shape> inner_shape = {};
};

/// Everything that goes in and comes out, in the model's own order.
struct Signature {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
};

/// How long a request may wait for the device, and how many may.
struct QueuePolicy {
  enum class OnTimeout : std::uint8_t {
    Refuse,
    Delay  // goes behind all of its level that have not been waiting too long
  };
  OnTimeout on_timeout = OnTimeout::Refuse;
  std::chrono::microseconds default_timeout{0};  // 0 = none
  bool is_overridable = false;  // a request's own timeout counts, where it is the shorter one
  std::uint32_t limit = 0;      // requests that wait; 0 = what the server allows

  bool operator==(const QueuePolicy&) const = default;
};

/// How waiting requests are joined to one run of the model.
struct Batching {
  enum class Mode : std::uint8_t {
    Adaptive,  // once joined rows are proved to come out as lone ones do, as many as pays
    Off,       // each request runs alone
    Dynamic    // as the configuration says
  };
  Mode mode = Mode::Adaptive;
  std::vector<std::int64_t> preferred;     // Dynamic: sizes in rows, ascending
  std::chrono::microseconds max_delay{0};  // Dynamic: how long the oldest waits for more
  bool keeps_order = false;                // responses leave in the order in which requests ran
  std::uint64_t levels = 0;                // of priority, 1 the most urgent; 0 = all are alike
  std::uint64_t default_level = 0;         // 1 to `levels`
  QueuePolicy policy;
  std::map<std::uint64_t, QueuePolicy> level_policies;  // in the place of `policy`

  bool operator==(const Batching&) const = default;
};

/// When answers are wanted where a request says nothing of it itself.
struct Timing {
  std::chrono::microseconds period{0};    // from one request to the next; 0 = not known
  std::chrono::microseconds deadline{0};  // from a request's arrival; 0 = none
  Criticality criticality = Criticality::Normal;

  bool operator==(const Timing&) const = default;
};

/// One input of a warm-up: zeros, random values, or what a file holds.
struct WarmupInput {
  enum class Data : std::uint8_t { Zero, Random, File };
  tensor::DataType dtype = tensor::DataType::Invalid;
  tensor::Shape shape;  // with the rows
  Data data = Data::Zero;
  std::filesystem::path file;  // Data::File: elements as on the wire
};

/// A run that a version makes before it serves.
struct Warmup {
  std::string name;
  std::uint32_t count = 1;  // runs
  std::map<std::string, WarmupInput> inputs;
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
  bool is_cached = false;     // the same request has the same answer, which may be kept
  Batching batching;
  Timing timing;
  std::uint32_t instances = 0;  // runs at once; 0 = as many as the device has slots
  std::vector<Warmup> warmups;
  std::map<std::string, std::string> metric_tags;          // labels of its metrics
  std::map<std::string, std::vector<std::string>> labels;  // names of an output's classes
  std::map<std::string, std::string> parameters;  // of the backend, e.g. "intra_op_thread_count"
  std::string configuration;  // as it was given: a serialised inference.ModelConfig; empty = none
  // Equal for two readings of a version whose files and configuration have not changed between
  // them; empty = not known.
  std::string fingerprint;
  std::shared_ptr<const void> files;  // keeps the files there while the version is in use; or null
};

/// A model that the repository holds.
struct Model {
  std::string name;
  std::vector<ModelVersion> versions;  // wanted by the version policy, ascending
};

}  // namespace aion::catalog
