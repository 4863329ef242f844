#include "resource/ledger.h"

#include <gtest/gtest.h>

namespace aion::resource {
namespace {

constexpr DeviceId kCpu{DeviceKind::Cpu, 0};

TEST(Ledger, ShowsWhatIsOut) {
  Ledger ledger(kCpu);

  const auto lease = ledger.take({"model a", kCpu, {1.0, Bytes::mebi(5)}});

  ASSERT_TRUE(lease);
  ASSERT_EQ(ledger.holdings().size(), 1U);
  EXPECT_EQ(ledger.holdings()[0].claim.holder, "model a");
}

TEST(Ledger, TakesALeaseBackWhenItIsDestroyed) {
  Ledger ledger(kCpu);
  { const auto lease = ledger.take({"model a", kCpu, {}}); }
  EXPECT_TRUE(ledger.holdings().empty());
}

TEST(Ledger, TakesALeaseBackOnceWhenItWasMoved) {
  Ledger ledger(kCpu);
  auto first = ledger.take({"model a", kCpu, {}});
  auto second = ledger.take({"model b", kCpu, {}});
  ASSERT_TRUE(first && second);

  Lease moved = *std::move(first);
  moved = *std::move(second);

  ASSERT_EQ(ledger.holdings().size(), 1U);
  EXPECT_EQ(ledger.holdings()[0].claim.holder, "model b");
}

TEST(Ledger, RefusesADeviceThatIsNotThere) {
  Ledger ledger(kCpu);

  const auto lease = ledger.take({"model a", {DeviceKind::Gpu, 1}, {}});

  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().message, "no device 'gpu:1' for model a; this machine has 'cpu:0'");
}

TEST(Ledger, LetsALeaseOutliveIt) {
  auto ledger = std::make_unique<Ledger>(kCpu);
  auto lease = ledger->take({"model a", kCpu, {}});
  ASSERT_TRUE(lease);

  ledger.reset();

  lease->release();
  EXPECT_FALSE(lease->is_held());
}

}  // namespace
}  // namespace aion::resource
