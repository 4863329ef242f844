#include "resource/probe/pressure.h"

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion::resource {
namespace {

TEST(Pressures, AreReadAsTheKernelWritesThem) {
  TemporaryFolder folder;
  folder.write("cpu", "some avg10=12.50 avg60=3.00 avg300=0.10 total=81\n");
  folder.write("memory",
               "some avg10=1.00 avg60=2.00 avg300=0.00 total=5\n"
               "full avg10=0.50 avg60=0.25 avg300=0.00 total=4\n");

  const Pressures pressures = read_pressures(folder.path());

  ASSERT_TRUE(pressures.cpu && pressures.memory);
  EXPECT_DOUBLE_EQ(pressures.cpu->some_10s, 0.125);
  EXPECT_DOUBLE_EQ(pressures.cpu->some_60s, 0.03);
  EXPECT_DOUBLE_EQ(pressures.memory->full_10s, 0.005);
  EXPECT_DOUBLE_EQ(pressures.memory->full_60s, 0.0025);
  EXPECT_FALSE(pressures.io) << "this kernel does not tell";
}

TEST(Pressures, AreNotKnownWhereTheFileMakesNoSense) {
  TemporaryFolder folder;
  folder.write("cpu", "");
  folder.write("memory", "most avg10=1.00\n");
  folder.write("io", "some avg10=much\n");

  const Pressures pressures = read_pressures(folder.path());

  EXPECT_FALSE(pressures.cpu || pressures.memory || pressures.io);
}

}  // namespace
}  // namespace aion::resource
