#include "resource/probe/control_group.h"

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion::resource {
namespace {

class GroupLimitsTest : public testing::Test {
 protected:
  [[nodiscard]] GroupLimits read() const {
    return read_group_limits({files_.path() / "proc", files_.path() / "cgroup"});
  }
  TemporaryFolder files_;
};

TEST_F(GroupLimitsTest, AreNoneWhereNobodyTells) {
  const GroupLimits limits = read();

  EXPECT_FALSE(limits.cpus || limits.memory);
}

TEST_F(GroupLimitsTest, AreTheLeastOfAGroupAndThoseAboveIt) {
  files_.write("proc/self/cgroup", "0::/a/b\n");
  files_.write("cgroup/a/b/cpu.max", "400000 100000\n");
  files_.write("cgroup/a/cpu.max", "150000 100000\n");
  files_.write("cgroup/cpu.max", "max 100000\n");
  files_.write("cgroup/a/b/memory.max", "1000\n");
  files_.write("cgroup/a/memory.max", "max\n");

  const GroupLimits limits = read();

  EXPECT_DOUBLE_EQ(*limits.cpus, 1.5);
  EXPECT_EQ(limits.memory->count, 1000U);
}

TEST_F(GroupLimitsTest, AreReadInVersionOneToo) {
  files_.write("proc/self/cgroup", "4:memory:/box\n3:cpu,cpuacct:/box\n0::/\n");
  files_.write("cgroup/memory/box/memory.limit_in_bytes", "2048\n");
  files_.write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  files_.write("cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "50000\n");
  files_.write("cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
  files_.write("cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");

  const GroupLimits limits = read();

  EXPECT_DOUBLE_EQ(*limits.cpus, 0.5);
  EXPECT_EQ(limits.memory->count, 2048U);
}

TEST_F(GroupLimitsTest, AreThoseOfTheRootInAContainerThatDoesNotSeeItsGroup) {
  files_.write("proc/self/cgroup", "0::/system/box.scope\n");
  files_.write("cgroup/memory.max", "4096\n");

  EXPECT_EQ(read().memory->count, 4096U);
}

TEST_F(GroupLimitsTest, AreNeverReadOutsideTheHierarchy) {
  files_.write("proc/self/cgroup", "0::/../../outside\n");
  files_.write("outside/memory.max", "1\n");
  files_.write("cgroup/memory.max", "4096\n");

  EXPECT_EQ(read().memory->count, 4096U);
}

TEST_F(GroupLimitsTest, AreNoneWhereTheFilesMakeNoSense) {
  files_.write("proc/self/cgroup", "nonsense\n::\n0::\n");
  files_.write("cgroup/cpu.max", "100000\n");
  files_.write("cgroup/memory.max", "many\n");

  const GroupLimits limits = read();

  EXPECT_FALSE(limits.cpus || limits.memory);
}

}  // namespace
}  // namespace aion::resource
