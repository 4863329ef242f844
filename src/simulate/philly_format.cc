// Philly with deadlines, as the artifact of Chronus has it.
#include <array>

#include "simulate/trace_formats.h"

namespace aion::simulate {
namespace {

constexpr std::array<std::string_view, 8> kColumns{"job_id",
                                                   "user",
                                                   "num_gpu",
                                                   "submit_time",
                                                   "model_name",
                                                   "duration",
                                                   "expect_time_list",
                                                   "best_effort"};
enum Column : std::size_t { kId, kUser, kGpus, kSubmit, kModel, kDuration, kDeadline, kBestEffort };

class PhillyParser final : public TraceParser {
 public:
  Result<void> take(std::string_view line, std::int64_t number, TraceBuilder& trace) override {
    if (!has_header_) {
      has_header_ = true;
      return table_.read_header(line, kColumns);
    }
    AION_TRY_VOID(table_.read_row(line));
    if (!trace.takes_next()) {
      return {};
    }
    TraceJob job;
    AION_TRY(job.id, table_.number(kId));
    AION_TRY(job.submit, table_.number(kSubmit));
    AION_TRY(job.runtime, table_.number(kDuration));
    AION_TRY(job.processors, table_.count(kGpus, kMostProcessors));
    AION_TRY(const std::int32_t until, table_.count(kDeadline, 2'000'000'000));  // after submission
    AION_TRY(const std::int32_t best_effort, table_.count(kBestEffort, 1));
    job.deadline = job.submit <= kMostSeconds ? job.submit + until : -1;
    job.is_best_effort = best_effort == 1;
    job.user = trace.users.number_of(table_.text(kUser));
    job.name = trace.names.number_of(table_.text(kModel));
    return trace.add(job, number);
  }

 private:
  CsvTable table_{','};
  bool has_header_ = false;
};

}  // namespace

TraceFormat philly_format() {
  return {
      "philly-chronus",
      "columns job_id,user,num_gpu,submit_time,...,duration,...,expect_time_list (Philly, Chronus)",
      [](std::string_view line) { return CsvTable::has_columns(line, ',', kColumns); },
      [](const FormatContext&) -> Result<std::unique_ptr<TraceParser>> {
        return std::unique_ptr<TraceParser>(std::make_unique<PhillyParser>());
      }};
}

}  // namespace aion::simulate
