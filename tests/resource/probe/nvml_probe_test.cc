#include "resource/probe/nvml_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/resource/probe/nvml/fake.h"

namespace aion::resource {
namespace {

using fake_nvml::Gpu;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr unsigned long long kGibi = 1ULL << 30U;
constexpr DeviceId kFirst{DeviceKind::Gpu, 0};

/// A driver that a test describes.
class FakeDriver {
 public:
  explicit FakeDriver(const char* file)
      : file_(file),
        library_(*SharedLibrary::open(file)),
        state_(library_.find<fake_nvml::StateOf>("fake_nvml_state")()) {
    *state_ = {};
  }
  fake_nvml::State* operator->() const { return state_; }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  std::string file_;
  SharedLibrary library_;
  fake_nvml::State* state_;
};

Gpu gpu(const std::string& uuid) {
  Gpu made;
  made.name = "NVIDIA H100 80GB HBM3";
  made.uuid = uuid;
  made.total = 80 * kGibi;
  made.reserved = kGibi;
  made.used = 3 * kGibi;
  made.busy = 40;
  return made;
}

std::string fact(const Device& device, const std::string& name) {
  for (const Fact& one : device.facts) {
    if (one.name == name) {
      return one.value;
    }
  }
  return "";
}

TEST(NvmlProbe, FindsNoGpusWhereThereIsNoLibrary) {
  NvmlProbe probe("libthere-is-no-such-thing.so.1");

  const auto devices = probe.devices();

  ASSERT_TRUE(devices);
  EXPECT_TRUE(devices->empty());
}

TEST(NvmlProbe, FindsNoGpusWhereThereIsNoDriver) {
  FakeDriver driver(AION_FAKE_NVML);
  driver->init_result = nvml::kDriverNotLoaded;
  NvmlProbe probe(driver.file());

  const auto devices = probe.devices();

  ASSERT_TRUE(devices);
  EXPECT_TRUE(devices->empty());
}

TEST(NvmlProbe, SaysWhyADriverDoesNotBegin) {
  FakeDriver driver(AION_FAKE_NVML);
  driver->init_result = nvml::kGpuIsLost;
  NvmlProbe probe(driver.file());

  const auto devices = probe.devices();

  ASSERT_FALSE(devices);
  EXPECT_EQ(devices.error().code, Code::Unavailable);
  EXPECT_EQ(devices.error().message, "NVML does not begin: GPU is lost");
}

TEST(NvmlProbe, TellsWhatAGpuIs) {
  FakeDriver driver(AION_FAKE_NVML);
  driver->gpus = {gpu("GPU-a"), gpu("GPU-b")};
  NvmlProbe probe(driver.file());

  const auto devices = probe.devices();

  ASSERT_TRUE(devices);
  ASSERT_EQ(devices->size(), 2U);
  const Device& second = (*devices)[1];
  EXPECT_EQ(to_string(second.id), "gpu:1");
  EXPECT_EQ(second.name, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(second.uuid, "GPU-b");
  EXPECT_EQ(second.cores, 1);
  EXPECT_EQ(second.memory.count, 79 * kGibi) << "without what the driver keeps";
  EXPECT_EQ(fact(second, "driver"), "535.104.05");
  EXPECT_EQ(fact(second, "compute capability"), "9.0");
}

TEST(NvmlProbe, TellsHowAGpuIsUsed) {
  FakeDriver driver(AION_FAKE_NVML);
  driver->gpus = {gpu("GPU-a")};
  NvmlProbe probe(driver.file());
  ASSERT_TRUE(probe.devices());

  const auto usage = probe.usage(kFirst);

  ASSERT_TRUE(usage);
  EXPECT_DOUBLE_EQ(*usage->busy, 0.4);
  EXPECT_EQ(usage->memory->count, 3 * kGibi);
  EXPECT_DOUBLE_EQ(*usage->watts, 70.5);
  EXPECT_DOUBLE_EQ(*usage->watts_at_most, 300);
  EXPECT_DOUBLE_EQ(*usage->joules, 12.345);
  EXPECT_DOUBLE_EQ(*usage->celsius, 41);
}

TEST(NvmlProbe, ListsTheInstancesOfAGpuInMigModeInItsPlace) {
  FakeDriver driver(AION_FAKE_NVML);
  Gpu split = gpu("GPU-a");
  split.is_mig = true;
  split.instances = {gpu("MIG-1"), Gpu{}, gpu("MIG-2")};
  split.instances[2].name = "";
  driver->gpus = {split, gpu("GPU-b")};
  NvmlProbe probe(driver.file());

  const auto devices = probe.devices();

  ASSERT_TRUE(devices);
  ASSERT_EQ(devices->size(), 3U);
  EXPECT_EQ((*devices)[0].uuid, "MIG-1");
  EXPECT_EQ((*devices)[0].parent, "GPU-a");
  EXPECT_EQ((*devices)[1].uuid, "MIG-2");
  EXPECT_EQ((*devices)[1].name, "NVIDIA H100 80GB HBM3 MIG");
  EXPECT_EQ((*devices)[2].uuid, "GPU-b");
  EXPECT_EQ((*devices)[2].parent, "");
  EXPECT_TRUE(probe.usage({DeviceKind::Gpu, 1}));
}

TEST(NvmlProbe, LeavesOutWhatItMayNotUseOrHasFallenOffTheBus) {
  FakeDriver driver(AION_FAKE_NVML);
  driver->gpus = {gpu("GPU-a"), gpu("GPU-b"), gpu("GPU-c")};
  driver->gpus[0].open_result = nvml::kNoPermission;
  driver->gpus[1].open_result = nvml::kGpuIsLost;
  NvmlProbe probe(driver.file());

  const auto devices = probe.devices();

  ASSERT_TRUE(devices);
  ASSERT_EQ(devices->size(), 1U);
  EXPECT_EQ(devices->front().uuid, "GPU-c");
}

TEST(NvmlProbe, SaysThatAGpuDoesNotAnswerAnyMore) {
  FakeDriver driver(AION_FAKE_NVML);
  driver->gpus = {gpu("GPU-a")};
  NvmlProbe probe(driver.file());
  ASSERT_TRUE(probe.devices());

  driver->gpus[0].ask_result = nvml::kGpuIsLost;
  const auto usage = probe.usage(kFirst);

  ASSERT_FALSE(usage);
  EXPECT_EQ(usage.error().code, Code::Unavailable);
  EXPECT_EQ(usage.error().message, "gpu:0 does not answer: GPU is lost");
}

TEST(NvmlProbe, LeavesOutWhatADeviceCannotTell) {
  FakeDriver driver(AION_FAKE_NVML);
  driver->gpus = {gpu("GPU-a")};
  driver->gpus[0].ask_result = nvml::kNotSupported;
  NvmlProbe probe(driver.file());

  const auto devices = probe.devices();
  const auto usage = probe.usage(kFirst);

  ASSERT_TRUE(devices && usage);
  EXPECT_EQ(devices->front().memory.count, 0U);
  EXPECT_FALSE(usage->busy || usage->memory || usage->watts || usage->joules || usage->celsius);
}

TEST(NvmlProbe, KeepsTheFaultsThatADriverReports) {
  FakeDriver driver(AION_FAKE_NVML);
  driver->gpus = {gpu("GPU-a"), gpu("GPU-b")};
  NvmlProbe probe(driver.file());
  ASSERT_TRUE(probe.devices());
  driver->events = {{0, 79}, {1, 31}};

  const auto first = probe.usage(kFirst);
  driver->events = {{0, 48}};
  const auto later = probe.usage(kFirst);

  ASSERT_TRUE(first && later);
  EXPECT_THAT(first->faults, ElementsAre("XID 79"));
  EXPECT_THAT(later->faults, ElementsAre("XID 79", "XID 48"));
}

TEST(NvmlProbe, GivesBackWhatItTookOfTheDriver) {
  FakeDriver driver(AION_FAKE_NVML);
  driver->gpus = {gpu("GPU-a")};
  {
    NvmlProbe probe(driver.file());
    ASSERT_TRUE(probe.devices());
    EXPECT_EQ(driver->begun, 1);
    EXPECT_EQ(driver->event_sets, 1);
  }
  EXPECT_EQ(driver->begun, 0);
  EXPECT_EQ(driver->event_sets, 0);
}

TEST(NvmlProbe, MakesDoWithAnOldLibrary) {
  FakeDriver driver(AION_FAKE_NVML_OLD);
  driver->gpus = {gpu("GPU-a")};
  NvmlProbe probe(driver.file());

  const auto devices = probe.devices();
  const auto usage = probe.usage(kFirst);

  ASSERT_TRUE(devices && usage);
  EXPECT_EQ(devices->front().memory.count, 80 * kGibi);
  EXPECT_EQ(fact(devices->front(), "compute capability"), "");
  EXPECT_EQ(usage->memory->count, 4 * kGibi) << "it cannot tell the driver's part";
  EXPECT_FALSE(usage->joules);
  EXPECT_TRUE(usage->faults.empty());
}

TEST(NvmlProbe, SaysWhatALibraryLacks) {
  NvmlProbe probe("libz.so.1");

  const auto devices = probe.devices();

  ASSERT_FALSE(devices);
  EXPECT_THAT(devices.error().message, HasSubstr("lacks nvmlInit"));
}

TEST(NvmlProbe, KnowsNoOtherDevices) {
  FakeDriver driver(AION_FAKE_NVML);
  driver->gpus = {gpu("GPU-a")};
  NvmlProbe probe(driver.file());
  ASSERT_TRUE(probe.devices());

  EXPECT_EQ(probe.usage({DeviceKind::Gpu, 1}).error().code, Code::NotFound);
}

}  // namespace
}  // namespace aion::resource
