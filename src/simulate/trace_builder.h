// Makes a clean trace of the records of a file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "simulate/trace.h"

namespace aion::simulate {

/// The least and the most that a field may be: times in seconds up to 317 years, so that sums of
/// products of a hundred million jobs stay whole numbers of 64 bits or nearly so.
inline constexpr std::int64_t kMostSeconds = 10'000'000'000;
inline constexpr std::int64_t kMostProcessors = 100'000'000;
inline constexpr std::size_t kMostJobs = 100'000'000;

/// Numbers for names: the same name, the same number, counted from 0 in order of appearance.
class Names {
 public:
  /// -1 for an empty name.
  [[nodiscard]] std::int32_t number_of(std::string_view name);

  /// By number.
  [[nodiscard]] std::vector<std::string> all() const;

 private:
  struct Hash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard's name
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> numbers_;
};

/// Cleans as the reference does: a job with a runtime or processors of 0 or less, or submitted
/// before 0, is dropped; one without a request asked for its runtime; a runtime above the request
/// is cut to it; processors above the machine's are cut to them.
class TraceBuilder {
 public:
  /// processors   of the machine; 0 = as the trace says
  /// every        takes the records 0, N, 2 N, ... of the file; > 0
  TraceBuilder(std::string name, std::int32_t processors, std::int64_t every);

  /// What a header says of the machine; the constructor's word stands over it.
  void tell_processors(std::int32_t processors);

  /// Whether the next record is one of those that are taken: call once a record, and add() only
  /// when true.
  [[nodiscard]] bool takes_next();

  /// line   of the file, for the words about what was dropped
  ///
  /// fails  InvalidArgument when a number is larger than the limits above, ResourceExhausted above
  /// kMostJobs
  [[nodiscard]] Result<void> add(const TraceJob& job, std::int64_t line);
  /// Counts a record that is no job of processors at all.
  void drop(std::int64_t line, std::string_view why);

  /// ResourceExhausted above kMostJobs.
  [[nodiscard]] Result<void> add(const Pod& pod);
  [[nodiscard]] Result<void> add(const Node& node);

  Names users;
  Names names;
  Names gpu_models;

  [[nodiscard]] std::size_t jobs() const { return trace_.jobs.size(); }

  /// The jobs in order; InvalidArgument when none is left. Nothing may be added after it.
  [[nodiscard]] Result<Trace> finish();

 private:
  Trace trace_;
  std::int32_t told_ = 0;
  std::int64_t every_;
  std::int64_t records_ = 0;
  bool is_sorted_ = true;
};

}  // namespace aion::simulate
