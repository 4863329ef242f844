// The jobs of Tiresias.
#include <array>

#include "simulate/trace_formats.h"

namespace aion::simulate {
namespace {

constexpr std::array<std::string_view, 5> kColumns{
    "job_id", "num_gpu", "submit_time", "model_name", "duration"};
enum Column : std::size_t { kId, kGpus, kSubmit, kModel, kDuration };

class TiresiasParser final : public TraceParser {
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
    job.name = trace.names.number_of(table_.text(kModel));
    return trace.add(job, number);
  }

 private:
  CsvTable table_{','};
  bool has_header_ = false;
};

}  // namespace

TraceFormat tiresias_format() {
  return {"tiresias",
          "columns job_id,num_gpu,submit_time,...,model_name,duration (Tiresias)",
          [](std::string_view line) { return CsvTable::has_columns(line, ',', kColumns); },
          [](const FormatContext&) -> Result<std::unique_ptr<TraceParser>> {
            return std::unique_ptr<TraceParser>(std::make_unique<TiresiasParser>());
          }};
}

}  // namespace aion::simulate
