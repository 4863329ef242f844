#include "resource/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "resource/capacities.h"
#include "resource/probe/sim_probe.h"

namespace aion::resource {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr DeviceId kSim{DeviceKind::Simulated, 0};

/// Counts how often it is asked.
class CountingProbe final : public Probe {
 public:
  explicit CountingProbe(int& asked) : asked_(asked) {}
  [[nodiscard]] std::string_view name() const override { return "counting"; }
  [[nodiscard]] Result<std::vector<Device>> devices() override {
    Device device;
    device.id = kSim;
    device.cores = 1;
    return std::vector{device};
  }
  [[nodiscard]] Result<Usage> usage(DeviceId /*device*/) override {
    Usage usage;
    usage.celsius = ++asked_;
    return usage;
  }

 private:
  int& asked_;
};

std::vector<std::unique_ptr<Probe>> probes(std::unique_ptr<Probe> first,
                                           std::unique_ptr<Probe> second = nullptr) {
  std::vector<std::unique_ptr<Probe>> all;
  all.push_back(std::move(first));
  if (second) {
    all.push_back(std::move(second));
  }
  return all;
}

std::unique_ptr<Probe> simulated(const char* text) {
  return std::make_unique<SimProbe>(std::vector{*parse_simulated(text)});
}

TEST(Machine, FindsTheCpusOfThisOneAndWhatIsMadeUp) {
  const auto machine = Machine::probe({false, {"memory=1GiB"}});

  ASSERT_TRUE(machine);
  const auto& devices = (*machine)->devices();
  ASSERT_GE(devices.size(), 2U);
  EXPECT_EQ(to_string(devices.front().id), "cpu:0");
  EXPECT_EQ(to_string(devices.back().id), "sim:0");
}

TEST(Machine, RefusesAMadeUpDeviceThatMakesNoSense) {
  EXPECT_EQ(Machine::probe({false, {"memory=much"}}).error().code, Code::InvalidArgument);
}

TEST(Machine, ShowsWhatTheOthersFoundWhenOneProbeFails) {
  int asked = 0;
  Machine machine(
      probes(simulated("memory=1GiB fault=missing"), std::make_unique<CountingProbe>(asked)));

  ASSERT_EQ(machine.devices().size(), 1U);
  EXPECT_THAT(machine.troubles(),
              ElementsAre("sim: the simulated driver does not answer, as configured"));
}

TEST(Machine, AsksNotMoreThanTwiceASecond) {
  int asked = 0;
  Machine machine(probes(std::make_unique<CountingProbe>(asked)));
  const TimePoint start{std::chrono::seconds(50)};

  const auto first = machine.usage(kSim, start);
  const auto second = machine.usage(kSim, start + milliseconds(499));
  const auto third = machine.usage(kSim, start + milliseconds(500));

  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(*first->celsius, 1);
  EXPECT_EQ(*second->celsius, 1);
  EXPECT_EQ(*third->celsius, 2);
}

TEST(Machine, KnowsNoOtherDevices) {
  int asked = 0;
  Machine machine(probes(std::make_unique<CountingProbe>(asked)));

  EXPECT_EQ(machine.usage({DeviceKind::Gpu, 0}, {}).error().code, Code::NotFound);
}

TEST(Capacities, AreAllOfEveryDeviceAndWhatIsNamed) {
  int asked = 0;
  const Machine machine(probes(simulated("memory=1GiB"), std::make_unique<CountingProbe>(asked)));

  const auto capacities = capacities_of(machine, {"licence=4", "camera-slot=0.5"});

  ASSERT_TRUE(capacities);
  ASSERT_EQ(capacities->size(), 2U);
  const Quantity& first = capacities->front().quantity;
  EXPECT_EQ(first.memory.count, 1U << 30U);
  ASSERT_EQ(first.named.size(), 2U);
  EXPECT_EQ(first.named[1].name, "camera-slot");
  EXPECT_EQ(first.named[1].amount, 0.5);
}

TEST(Capacities, RefuseAmountsThatAreNone) {
  const Machine machine(probes(simulated("memory=1GiB")));

  for (const char* text : {"licence",
                           "licence=",
                           "=4",
                           "licence=-1",
                           "licence=four",
                           "a b=1",
                           "licence=nan",
                           "cores=3",
                           "licence=4x"}) {
    const auto capacities = capacities_of(machine, {text});
    ASSERT_FALSE(capacities) << text;
    EXPECT_THAT(capacities.error().message, HasSubstr(text));
  }
}

TEST(Capacities, SayWhyThereAreNone) {
  const Machine machine(probes(simulated("memory=1GiB fault=missing")));

  EXPECT_THAT(capacities_of(machine, {}).error().message,
              HasSubstr("no device was found on this machine; sim: "));
}

}  // namespace
}  // namespace aion::resource
