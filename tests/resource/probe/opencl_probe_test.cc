#include "resource/probe/opencl_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::resource {
namespace {

TEST(OpenClProbe, FindsNothingWhereThereIsNoLoader) {
  OpenClProbe probe("libthere-is-no-such-thing.so.1");

  const auto devices = probe.devices();

  ASSERT_TRUE(devices);
  EXPECT_TRUE(devices->empty());
}

TEST(OpenClProbe, SaysWhatALibraryLacks) {
  OpenClProbe probe("libz.so.1");

  EXPECT_THAT(probe.devices().error().message, testing::HasSubstr("lacks clGetPlatformIDs"));
}

TEST(OpenClProbe, FindsTheDeviceOfPocl) {
  OpenClProbe probe;
  const auto devices = probe.devices();
  ASSERT_TRUE(devices);
  if (devices->empty()) {
    GTEST_SKIP() << "no OpenCL platform is installed; tools/setup test installs PoCL";
  }

  const Device& device = devices->front();

  EXPECT_EQ(to_string(device.id), "opencl:0");
  EXPECT_FALSE(device.name.empty());
  EXPECT_EQ(device.cores, 1);
  EXPECT_GT(device.memory.count, 1U << 20U);
  EXPECT_TRUE(probe.usage(device.id));
  EXPECT_EQ(probe.usage({DeviceKind::OpenCl, 4096}).error().code, Code::NotFound);
}

}  // namespace
}  // namespace aion::resource
