#include "simulate/read_trace.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simulate/trace_files.h"
#include "tests/temporary_folder.h"

namespace aion::simulate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::trace_folder;

Trace read(std::string_view text, const ReadOptions& options = {}) {
  auto trace = read_trace_text(text, "t", options);
  if (!trace) {
    ADD_FAILURE() << trace.error().message;
    return {};
  }
  return *std::move(trace);
}

std::string error_of(std::string_view text, const ReadOptions& options = {}) {
  const auto trace = read_trace_text(text, "t", options);
  return trace ? "no error" : trace.error().message;
}

const std::string kHead = "; MaxNodes: 8\n; MaxProcs: 16\n";

std::string swf(const std::string& records) {
  return kHead + records;
}

TEST(Swf, ReadsTheFieldsOfAJob) {
  const Trace trace = read(swf("7 10 -1 100 4 7.38 -1 8 200 -1 1 34 7 13 3 -1 -1 60\n"));

  ASSERT_EQ(trace.jobs.size(), 1U);
  const TraceJob& job = trace.jobs[0];
  EXPECT_EQ(job.id, 7);
  EXPECT_EQ(job.submit, 10);
  EXPECT_EQ(job.runtime, 100);
  EXPECT_EQ(job.request, 200);
  EXPECT_EQ(job.processors, 8);
  EXPECT_EQ(job.user, 34);
  EXPECT_EQ(job.name, 13);
  EXPECT_EQ(job.priority, 3);
  EXPECT_EQ(job.deadline, 70);
}

/// The processors that the reader finds in that header.
std::int32_t processors_of(std::string header) {
  header += "1 0 -1 5 1 -1 -1 1 5 -1 1 1 1 1 1 -1 -1 -1\n";
  return read(header).processors;
}

TEST(Swf, TakesMaxProcsOverMaxNodesInAnyOrder) {
  EXPECT_EQ(processors_of("; MaxNodes: 8\n; MaxProcs: 16\n"), 16);
  EXPECT_EQ(processors_of(";MaxProcs: 16\n;MaxNodes: 8\n"), 16);
  EXPECT_EQ(processors_of("; MaxNodes: 8 (4 of them fat)\n"), 8);
  EXPECT_EQ(processors_of(""), 0);
}

TEST(Swf, LeavesTheThinkTimeOfAJobThatFollowsAnotherAlone) {
  EXPECT_EQ(read("1 10 -1 5 1 -1 -1 1 5 -1 1 1 1 1 1 -1 4 60\n").jobs[0].deadline, -1);
}

TEST(Swf, CleansAsTheReferenceDoes) {
  const Trace trace =
      read(swf("1 0 -1 0 4 -1 -1 4 200 -1 1 1 1 1 1 -1 -1 -1\n"     // runtime
               "2 -5 -1 10 4 -1 -1 4 200 -1 1 1 1 1 1 -1 -1 -1\n"   // submission
               "3 0 -1 10 -1 -1 -1 0 200 -1 1 1 1 1 1 -1 -1 -1\n"   // processors
               "4 9 -1 300 4 -1 -1 -1 200 -1 1 1 1 1 1 -1 -1 -1\n"  // cut
               "5 8 -1 10 99 -1 -1 99 -1 -1 1 1 1 1 1 -1 -1 -1\n"));

  EXPECT_EQ(trace.dropped, 3);
  EXPECT_EQ(trace.first_drop, "line 3: runtime 0");
  EXPECT_EQ(trace.cut, 1);
  ASSERT_EQ(trace.jobs.size(), 2U);
  EXPECT_EQ(trace.jobs[0].id, 5);  // submitted first
  EXPECT_EQ(trace.jobs[0].processors, 16);
  EXPECT_EQ(trace.jobs[0].request, 10);
  EXPECT_EQ(trace.jobs[1].runtime, 200);
  EXPECT_EQ(trace.jobs[1].processors, 4);
}

TEST(Swf, CutsFractionsOffAsTheArchivesReadersDo) {
  const Trace trace = read("1 10.9 -1 100.7 4 -1 -1 8 200.0 -1 1 1 1 1 1 -1 -1 -1\n");

  EXPECT_EQ(trace.jobs[0].submit, 10);
  EXPECT_EQ(trace.jobs[0].runtime, 100);
}

TEST(Swf, TakesTheProcessorsOfTheOptionsOverThoseOfTheHeader) {
  const ReadOptions options{.processors = 2};

  const Trace trace = read(swf("1 0 -1 5 4 -1 -1 4 5 -1 1 1 1 1 1 -1 -1 -1\n"), options);

  EXPECT_EQ(trace.processors, 2);
  EXPECT_EQ(trace.jobs[0].processors, 2);
}

TEST(Swf, TakesEveryNthRecord) {
  std::string records;
  for (const char id : {'1', '2', '3', '4', '5', '6', '7'}) {
    records += id;
    records += " 0 -1 5 1 -1 -1 1 5 -1 1 1 1 1 1 -1 -1 -1\n";
  }

  const Trace trace = read(records, {.every = 3});

  ASSERT_EQ(trace.jobs.size(), 3U);
  EXPECT_EQ(trace.jobs[0].id, 1);
  EXPECT_EQ(trace.jobs[1].id, 4);
  EXPECT_EQ(trace.jobs[2].id, 7);
}

TEST(Swf, ReadsTabsCarriageReturnsAndNoLastLineFeed) {
  EXPECT_EQ(read("; c\r\n\r\n 1\t0 -1 5 1 -1 -1 1 5 -1 1 1 1 1 1 -1 -1 -1 \r\n"
                 "2 0 -1 5 1 -1 -1 1 5 -1 1 1 1 1 1 -1 -1 -1")
                .jobs.size(),
            2U);
}

TEST(Swf, NamesLineFieldAndWhatCame) {
  EXPECT_EQ(error_of(swf("1 0 -1 soon 4 -1 -1 4 200 -1 1 1 1 1 1 -1 -1 -1\n")),
            "t: line 3: field 4 (run time): expected a whole number, got 'soon'");
  EXPECT_EQ(error_of(swf("1 0 -1 5 4\n")),
            "t: line 3: expected 18 fields of numbers, as SWF has, got 5: '1 0 -1 5 4'");
  EXPECT_EQ(error_of("; MaxProcs: many\n"),
            "t: line 1: MaxProcs: expected a number up to 100000000, got 'many'");
  EXPECT_EQ(error_of("1 0 -1 5 99999999999 -1 -1 -1 5 -1 1 1 1 1 1 -1 -1 -1\n"),
            "t: line 1: field 5 (allocated processors): expected at most 2147483647, got "
            "'99999999999'");
  EXPECT_EQ(error_of("1 99999999999999999999 -1 5 1 -1 -1 -1 5 -1 1 1 1 1 1 -1 -1 -1\n"),
            "t: line 1: field 2 (submit time): expected a whole number, got "
            "'99999999999999999999'");
}

TEST(Swf, RefusesTimesThatCanBeNoSeconds) {
  EXPECT_EQ(error_of("1 1700000000000 -1 5 1 -1 -1 1 5 -1 1 1 1 1 1 -1 -1 -1\n"),
            "t: line 1: submission: expected at most 10000000000 (seconds), got 1700000000000");
}

TEST(Swf, SaysWhyNoJobIsLeft) {
  EXPECT_THAT(error_of(swf("1 -3 -1 5 4 -1 -1 4 200 -1 1 1 1 1 1 -1 -1 -1\n")),
              HasSubstr("all 1 were dropped, the first on line 3: submitted at -3"));
  EXPECT_EQ(error_of(kHead), "t: expected a job a line, got none");
}

TEST(ReadTrace, ListsTheFormatsForAFileThatIsNone) {
  EXPECT_THAT(error_of("{\"jobs\": []}\n"),
              AllOf(HasSubstr("line 1: expected the begin of a trace, got '{\"jobs\": []}'"),
                    HasSubstr("SWF"),
                    HasSubstr("Philly")));
}

TEST(ReadTrace, ShowsBytesThatDoNotPrintAsNumbers) {
  EXPECT_THAT(error_of(std::string("\x7f"
                                   "ELF\0\1",
                                   6)),
              HasSubstr("got '\\x7fELF\\x00\\x01'"));
}

TEST(ReadTrace, RefusesAnEmptyFile) {
  EXPECT_EQ(error_of(""), "t: expected a trace, got an empty file");
  EXPECT_EQ(error_of("\n \n"), "t: expected a trace, got an empty file");
}

const std::string kPhilly =
    "job_id,user,num_gpu,submit_time,iterations,model_name,duration,interval,expect_time_list,"
    "expect_value_list,best_effort,job_type\n";

TEST(Philly, ReadsAJobWithItsDeadline) {
  const Trace trace = read(kPhilly +
                           "0,vc_a,4,12198,6910,resnet101,211,8,282,10,0,strict\n"
                           "1,vc_b,1,3,6910,vgg,31,8,88,10,1,best\n"
                           "2,vc_a,0,5,6910,vgg,31,8,88,10,1,best\n");

  EXPECT_EQ(trace.dropped, 1);
  ASSERT_EQ(trace.jobs.size(), 2U);
  EXPECT_EQ(trace.jobs[0].id, 1);
  EXPECT_TRUE(trace.jobs[0].is_best_effort);
  const TraceJob& job = trace.jobs[1];
  EXPECT_EQ(job.submit, 12198);
  EXPECT_EQ(job.processors, 4);
  EXPECT_EQ(job.runtime, 211);
  EXPECT_EQ(job.request, 211);
  EXPECT_EQ(job.deadline, 12480);
  EXPECT_FALSE(job.is_best_effort);
  EXPECT_EQ(job.user, 0);
  EXPECT_EQ(job.name, 0);
}

TEST(Csv, NamesLineColumnAndWhatCame) {
  EXPECT_EQ(error_of(kPhilly + "0,vc,x,1,1,m,211,8,282,10,0,strict\n"),
            "t: line 2: column 3 ('num_gpu'): expected a number from 0 to 100000000, got 'x'");
  EXPECT_EQ(error_of(kPhilly + "0,vc,1,,1,m,211,8,282,10,0,strict\n"),
            "t: line 2: column 4 ('submit_time'): expected a number, got ''");
  EXPECT_EQ(error_of(kPhilly + "0,vc,1\n"), "t: line 2: expected 12 columns, got 3: '0,vc,1'");
  EXPECT_THAT(error_of(kPhilly + "0,\"vc,1,1,1,m,211,8,282,10,0,strict\n"),
              HasSubstr("line 2: column 2: expected a quote at the end of the field"));
}

TEST(Csv, ReadsQuotedFieldsAndColumnsInAnyOrder) {
  const Trace trace = read(
      "duration,\"model_name\",submit_time,num_gpu,job_id\n"
      "30,\"a \"\"big\"\" one, really\",5,2,9\n"
      "30,\"a \"\"big\"\" one, really\",6,2,10\n"
      "30,other,7,2,11\n");

  ASSERT_EQ(trace.jobs.size(), 3U);
  EXPECT_EQ(trace.jobs[0].id, 9);
  EXPECT_EQ(trace.jobs[0].processors, 2);
  EXPECT_EQ(trace.jobs[1].name, trace.jobs[0].name);
  EXPECT_NE(trace.jobs[2].name, trace.jobs[0].name);
}

TEST(Csv, ListsTheFormatsWhenAColumnIsMissing) {
  EXPECT_THAT(error_of("job_id,num_gpu,submit,model_name,duration\n"),
              AllOf(HasSubstr("line 1: expected the begin of a trace"), HasSubstr("Tiresias")));
}

TEST(Openb, ReadsPodsAndMakesJobsOfThoseThatRanOnGpus) {
  const Trace trace = read(
      "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
      "deletion_time,scheduled_time\n"
      "openb-pod-0000,12000,16384,1,460,V100M16|V100M32,BE,Running,10,100,20\n"
      "openb-pod-0001,20000,65536,0,0,,LS,Running,10,100,20\n"
      "openb-pod-0002,20000,65536,8,1000,,LS,Pending,10,100,\n");

  ASSERT_EQ(trace.pods.size(), 3U);
  EXPECT_EQ(trace.pods[0].gpu_milli, 460);
  EXPECT_EQ(trace.pods[0].gpu_models, 0);
  EXPECT_EQ(trace.pods[1].gpu_models, -1);
  EXPECT_EQ(trace.pods[2].scheduled, -1);
  ASSERT_EQ(trace.jobs.size(), 1U);
  EXPECT_EQ(trace.jobs[0].submit, 10);
  EXPECT_EQ(trace.jobs[0].runtime, 80);
  EXPECT_EQ(trace.jobs[0].processors, 1);
  EXPECT_TRUE(trace.jobs[0].is_best_effort);
  EXPECT_EQ(trace.dropped, 2);
  EXPECT_EQ(trace.first_drop, "line 3: the pod wants no GPU");
}

TEST(Openb, AddsUpTheGpusOfTheNodes) {
  const Trace trace = read(
      "sn,cpu_milli,memory_mib,gpu,model\n"
      "openb-node-0000,64000,262144,2,P100\n"
      "openb-node-0001,64000,262144,8,G2\n");

  ASSERT_EQ(trace.nodes.size(), 2U);
  EXPECT_EQ(trace.nodes[1].gpus, 8);
  EXPECT_EQ(trace.processors, 10);
}

class GavelTest : public ::testing::Test {
 protected:
  GavelTest() {
    options_.throughputs = folder_.path() / "throughputs.json";
    std::ofstream(options_.throughputs) << R"json({"v100": {"('A3C', 1)" : {"null" : 4.0},
    "('LM (batch size 5)', 2)" : {
  "null" : 2.5
}
}
})json";
  }

  TemporaryFolder folder_;
  ReadOptions options_;
};

TEST_F(GavelTest, TurnsStepsToSecondsByTheTableOfThroughputs) {
  const Trace trace = read(
      "A3C\tpython3 x\t-n\t1\t10\t6.000000\t1\n"
      "A3C\tpython3 x\t-n\t1\t10\t7.000000\t4\n"
      "LM (batch size 5)\tpython3 x\t-n\t1\t10\t8.0\t2\n",
      options_);

  ASSERT_EQ(trace.jobs.size(), 3U);
  EXPECT_EQ(trace.jobs[0].submit, 6);
  EXPECT_EQ(trace.jobs[0].runtime, 3);
  EXPECT_EQ(trace.jobs[1].processors, 4);
  EXPECT_EQ(trace.jobs[1].runtime, 3);  // not measured on four: as on one
  EXPECT_EQ(trace.jobs[2].runtime, 4);
  EXPECT_EQ(trace.jobs[1].name, trace.jobs[0].name);
}

TEST_F(GavelTest, NamesAJobTypeThatTheTableLacks) {
  EXPECT_EQ(error_of("B\tpython3 x\t-n\t1\t10\t6.000000\t1\n", options_),
            "t: line 1: field 1 (job type): expected one that the table of throughputs has on "
            "'v100', got 'B'");
}

TEST_F(GavelTest, SaysThatATableIsWanted) {
  EXPECT_THAT(error_of("A3C\tpython3 x\t-n\t1\t10\t6.000000\t1\n"), HasSubstr("--throughputs"));
}

TEST_F(GavelTest, SaysWhatATableLooksLike) {
  std::ofstream(options_.throughputs) << R"json({"v100": {"A3C": {"null": 4.0}}})json";

  EXPECT_THAT(error_of("A3C\tpython3 x\t-n\t1\t10\t6.000000\t1\n", options_),
              AllOf(HasSubstr("\"('JOB TYPE', SCALE)\""), HasSubstr("got 'A3C'")));
}

TEST(ReadTrace, TellsHowFarItIs) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "t.swf") << "1 0 -1 5 1 -1 -1 1 5 -1 1 1 1 1 1 -1 -1 -1\n";
  ReadProgress last{};
  ReadOptions options;
  options.progress = [&](const ReadProgress& progress) {
    last = progress;
  };

  ASSERT_TRUE(read_trace(folder.path() / "t.swf", options));

  EXPECT_EQ(last.taken_bytes, last.size_bytes);
  EXPECT_EQ(last.size_bytes, 43U);
}

TEST(ReadTrace, NamesTheFileOnce) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "t.swf.gz", std::ios::binary) << "\x1f\x8b\x08";

  const auto trace = read_trace(folder.path() / "t.swf.gz", {});

  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().message,
            "t.swf.gz: the packed file is cut off: its gzip stream goes on behind byte 3, where "
            "the file ends");
}

/// What is in the files themselves, counted with other tools.
struct RealFile {
  const char* name;
  std::int32_t processors;
  std::size_t jobs;
  std::int64_t dropped;
};

class RealFileTest : public ::testing::TestWithParam<RealFile> {};

TEST_P(RealFileTest, IsReadWhole) {
  const auto folder = trace_folder();
  if (!folder) {
    GTEST_SKIP() << "no folder of traces: set AION_TRACES";
  }

  const auto trace = read_trace(*folder + "/" + GetParam().name, {});

  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->processors, GetParam().processors);
  EXPECT_EQ(trace->jobs.size(), GetParam().jobs);
  EXPECT_EQ(trace->dropped, GetParam().dropped);
}

INSTANTIATE_TEST_SUITE_P(
    Traces,
    RealFileTest,
    ::testing::Values(RealFile{"KTH-SP2-1996-2.2.swf.gz", 100, 28481, 0},
                      RealFile{"SDSC-SP2-first5k.swf.gz", 128, 4606, 355},
                      RealFile{"CEA-Curie-30k.swf.gz", 93312, 29998, 0},
                      RealFile{"lublin_256.swf.gz", 256, 10000, 0},
                      RealFile{"syn-gpu64-visible.swf.gz", 64, 10000, 0},
                      RealFile{"philly-chronus-slo.csv.gz", 0, 30735, 205},
                      RealFile{"tiresias-60-job.csv", 0, 60, 0},
                      RealFile{"gavel-philly-0e4a51-s0.trace.gz", 0, 1181, 0},
                      RealFile{"gavel-philly-11cb48-s0.trace.gz", 0, 2000, 0},
                      RealFile{"alibaba-openb-pods-default.csv.gz", 0, 6203, 1949},
                      RealFile{"alibaba-openb-nodes-gpu.csv.gz", 6212, 0, 0}),
    [](const auto& file) {
      std::string name = file.param.name;
      std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
      return name;
    });

}  // namespace
}  // namespace aion::simulate
