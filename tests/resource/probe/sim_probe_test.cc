#include "resource/probe/sim_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::resource {
namespace {

using std::chrono::microseconds;
using testing::HasSubstr;

TEST(SimulatedDevice, IsReadFromItsDescription) {
  const auto device =
      parse_simulated("memory=8GiB bandwidth=2GB/s latency=10us name=small fault=lost");

  ASSERT_TRUE(device);
  EXPECT_EQ(device->memory.count, 8ULL << 30U);
  EXPECT_EQ(device->name, "small");
  EXPECT_EQ(device->fault, SimulatedDevice::Fault::Lost);
  EXPECT_EQ(device->time_to_move(Bytes{2'000'000}), microseconds(1010));
}

TEST(SimulatedDevice, RefusesWhatItDoesNotUnderstand) {
  const auto refusal = [](const char* text) {
    const auto device = parse_simulated(text);
    return device ? std::string("taken") : device.error().message;
  };

  EXPECT_THAT(refusal(""), HasSubstr("expected memory=..., got none"));
  EXPECT_THAT(refusal("memory=8"), HasSubstr("'memory': expected a number above 0 in MiB, GiB"));
  EXPECT_THAT(refusal("memory=-8GiB"), HasSubstr("got '-8GiB'"));
  EXPECT_THAT(refusal("memory=nanGiB"), HasSubstr("got 'nanGiB'"));
  EXPECT_THAT(refusal("memory=1e300GiB"), HasSubstr("got '1e300GiB'"));
  EXPECT_THAT(refusal("memory=1GiB fault=odd"), HasSubstr("none, lost or missing, got 'odd'"));
  EXPECT_THAT(refusal("memory=1GiB colour=red"), HasSubstr("got 'colour=red'"));
  EXPECT_THAT(refusal("memory"), HasSubstr("got ''"));
}

TEST(SimProbe, ListsWhatItWasGiven) {
  SimProbe probe({*parse_simulated("memory=1GiB"), *parse_simulated("memory=2GiB")});

  const auto devices = probe.devices();

  ASSERT_TRUE(devices);
  ASSERT_EQ(devices->size(), 2U);
  EXPECT_EQ(to_string((*devices)[1].id), "sim:1");
  EXPECT_EQ((*devices)[1].memory.count, 2ULL << 30U);
  EXPECT_TRUE(probe.usage((*devices)[1].id));
  EXPECT_EQ(probe.usage({DeviceKind::Simulated, 2}).error().code, Code::NotFound);
}

TEST(SimProbe, FailsAsItIsTold) {
  SimProbe lost({*parse_simulated("memory=1GiB fault=lost")});
  SimProbe missing({*parse_simulated("memory=1GiB fault=missing")});

  ASSERT_TRUE(lost.devices());
  EXPECT_EQ(lost.usage({DeviceKind::Simulated, 0}).error().code, Code::Unavailable);
  EXPECT_EQ(missing.devices().error().code, Code::Unavailable);
}

}  // namespace
}  // namespace aion::resource
