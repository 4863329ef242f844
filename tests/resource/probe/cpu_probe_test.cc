#include "resource/probe/cpu_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion::resource {
namespace {

constexpr std::uint64_t kGibi = 1ULL << 30U;

/// A machine that a test makes up: hwloc's topology, and the kernel's files.
struct MadeUp {
  explicit MadeUp(std::string topology) {
    options.synthetic = std::move(topology);
    options.folders.proc = files.path() / "proc";
    options.folders.cgroup = files.path() / "cgroup";
  }
  TemporaryFolder files;
  CpuProbe::Options options;
};

std::string fact(const Device& device, const std::string& name) {
  for (const Fact& one : device.facts) {
    if (one.name == name) {
      return one.value;
    }
  }
  return "";
}

TEST(CpuProbe, FindsThisMachine) {
  CpuProbe probe({});

  const auto devices = probe.devices();

  ASSERT_TRUE(devices);
  ASSERT_FALSE(devices->empty());
  const Device& first = devices->front();
  EXPECT_EQ(to_string(first.id), "cpu:0");
  EXPECT_GT(first.cores, 0);
  EXPECT_GE(first.cpus.size(), 1U);
  EXPECT_GT(first.memory.count, 1U << 20U);
  const auto usage = probe.usage(first.id);
  ASSERT_TRUE(usage);
  EXPECT_TRUE(usage->memory || devices->size() > 1);
}

TEST(CpuProbe, MakesADeviceOfEachSocketWithMemoryOfItsOwn) {
  MadeUp machine("package:2 [numa(memory=17179869184)] l3:1(size=33554432) core:4 pu:2");
  CpuProbe probe(machine.options);

  const auto devices = probe.devices();

  ASSERT_TRUE(devices);
  ASSERT_EQ(devices->size(), 2U);
  const Device& second = (*devices)[1];
  EXPECT_EQ(to_string(second.id), "cpu:1");
  EXPECT_EQ(second.cores, 8);
  EXPECT_EQ(second.memory.count, 16 * kGibi);
  EXPECT_EQ(second.cpus.front().number, 8U);
  EXPECT_EQ(second.cpus.front().node, 1U);
  EXPECT_EQ(fact(second, "cores"), "4");
  EXPECT_EQ(fact(second, "threads"), "8");
  EXPECT_EQ(fact(second, "SMT"), "yes");
  EXPECT_EQ(fact(second, "L3 cache"), "1 x 32.0 MiB");
}

TEST(CpuProbe, MakesOneDeviceOfSocketsThatShareTheirMemory) {
  MadeUp machine("[numa(memory=17179869184)] package:4 core:1 pu:1");
  CpuProbe probe(machine.options);

  const auto devices = probe.devices();

  ASSERT_TRUE(devices);
  ASSERT_EQ(devices->size(), 1U);
  EXPECT_EQ(devices->front().cores, 4);
  EXPECT_EQ(devices->front().memory.count, 16 * kGibi);
  EXPECT_EQ(fact(devices->front(), "sockets"), "4");
  EXPECT_EQ(fact(devices->front(), "SMT"), "no");
}

TEST(CpuProbe, SeesWhatItsControlGroupAllows) {
  MadeUp machine("[numa(memory=17179869184)] package:1 core:8 pu:1");
  machine.files.write("proc/self/cgroup", "0::/pod/box\n");
  machine.files.write("cgroup/pod/box/cpu.max", "250000 100000\n");
  machine.files.write("cgroup/pod/memory.max", "4294967296\n");
  CpuProbe probe(machine.options);

  const auto devices = probe.devices();

  ASSERT_TRUE(devices);
  EXPECT_DOUBLE_EQ(devices->front().cores, 2.5);
  EXPECT_EQ(devices->front().memory.count, 4 * kGibi);
  EXPECT_EQ(devices->front().cpus.size(), 8U);
  EXPECT_EQ(fact(devices->front(), "cores of the control group"), "2.5");
}

TEST(CpuProbe, TellsTheShareOfTimeSinceTheLastLook) {
  MadeUp machine("[numa(memory=17179869184)] package:1 core:2 pu:1");
  machine.files.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\n");
  machine.files.write("proc/stat",
                      "cpu 9 9 9 9\ncpu0 100 0 0 100 0 0 0 0\ncpu1 0 0 0 200 0 0 0 0\n");
  CpuProbe probe(machine.options);
  ASSERT_TRUE(probe.devices());
  ASSERT_TRUE(probe.usage({}));

  machine.files.write("proc/stat",
                      "cpu 9 9 9 9\ncpu0 150 0 0 150 0 0 0 0\ncpu1 10 0 5 250 20 0 0 15 99 99\n");
  const auto usage = probe.usage({});

  ASSERT_TRUE(usage);
  ASSERT_TRUE(usage->busy);
  EXPECT_DOUBLE_EQ(*usage->busy, 80.0 / 200.0) << "waiting for a disk is no work; stolen time is";
  EXPECT_EQ(usage->memory->count, 600U * 1024);
}

TEST(CpuProbe, KnowsNoOtherDevices) {
  CpuProbe probe({});
  ASSERT_TRUE(probe.devices());

  EXPECT_EQ(probe.usage({DeviceKind::Cpu, 4096}).error().code, Code::NotFound);
}

TEST(CpuProbe, RefusesATopologyThatIsNone) {
  CpuProbe probe({"socket:many", {}});

  EXPECT_EQ(probe.devices().error().message, "hwloc takes no topology 'socket:many'");
}

}  // namespace
}  // namespace aion::resource
