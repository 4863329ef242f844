// The adapters of the port Backend, each with the models that the contract asks for.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "runtime/backend/backend.h"

namespace aion::runtime {

/// All values of a type, those of 32 bits (others are refused), or none (the model is refused).
enum class Carries { All, ThirtyTwoBits, Nothing };

/// One adapter as the suite sees it.
struct Adapter {
  std::string name;       // for the names of the tests
  std::string backend;    // of runtime/backends.cc
  std::string isolation;  // "none" or "process"

  /// INPUT0 [-1,-1] of this type -> OUTPUT0, the same.
  [[nodiscard]] catalog::ModelVersion identity(tensor::DataType dtype) const;
  /// INPUT0 and INPUT1, INT32 [-1,16] -> OUTPUT0 and OUTPUT1, INT32 [-1,16], which differ where the
  /// inputs differ.
  [[nodiscard]] catalog::ModelVersion two_outputs() const;
  /// Takes most of a minute, or hours, to answer slow_batch().
  [[nodiscard]] catalog::ModelVersion slow() const;
  [[nodiscard]] Batch slow_batch() const;
  /// Does not open, for a reason that holds these words.
  [[nodiscard]] catalog::ModelVersion broken() const;
  [[nodiscard]] std::string broken_because() const;
  /// What of a type goes in and out.
  [[nodiscard]] Carries carries(tensor::DataType dtype) const;

 private:
  [[nodiscard]] bool reads_files() const { return backend != "echo"; }
  [[nodiscard]] std::int64_t slow_count() const;
  [[nodiscard]] catalog::ModelVersion version(const std::string& model) const;
};

/// Write a new adapter here; the whole suite then runs on it.
[[nodiscard]] const std::vector<Adapter>& adapters();

inline std::ostream& operator<<(std::ostream& out, const Adapter& adapter) {
  return out << adapter.name;
}

}  // namespace aion::runtime
