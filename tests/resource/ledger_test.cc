#include "resource/ledger.h"

#include <array>
#include <atomic>
#include <cmath>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::resource {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr DeviceId kCpu{DeviceKind::Cpu, 0};
constexpr DeviceId kGpu{DeviceKind::Gpu, 0};

std::vector<Cpu> cpus(std::uint32_t count) {
  std::vector<Cpu> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    all.push_back({i, i, 0});
  }
  return all;
}

/// Four cores and 100 MiB, two licences, and a GPU with 80 MiB.
Ledger machine() {
  return Ledger(
      {{kCpu, {4, Bytes::mebi(100), {{"licence", 2}}}, cpus(4)}, {kGpu, {1, Bytes::mebi(80)}}});
}

Claim claim(const std::string& holder, double cores, std::uint64_t mebi = 0) {
  return {holder, kCpu, {cores, Bytes::mebi(mebi)}};
}

Claim pinned(const std::string& holder, double cores) {
  Claim made = claim(holder, cores);
  made.core_use = CoreUse::Pinned;
  return made;
}

TEST(Ledger, ShowsWhatIsOut) {
  Ledger ledger = machine();

  const auto lease = ledger.take(claim("model a", 1, 5));

  ASSERT_TRUE(lease);
  ASSERT_EQ(ledger.holdings().size(), 1U);
  EXPECT_EQ(ledger.holdings()[0].claim.holder, "model a");
  EXPECT_EQ(ledger.balances()[0].free.cores, 3);
  EXPECT_EQ(ledger.balances()[0].free.memory, Bytes::mebi(95));
}

TEST(Ledger, TakesALeaseBackWhenItIsDestroyed) {
  Ledger ledger = machine();
  { const auto lease = ledger.take(claim("model a", 4)); }
  EXPECT_TRUE(ledger.holdings().empty());
  EXPECT_EQ(ledger.balances()[0].free.cores, 4);
}

TEST(Ledger, TakesALeaseBackOnceWhenItWasMoved) {
  Ledger ledger = machine();
  auto first = ledger.take(claim("model a", 1));
  auto second = ledger.take(claim("model b", 1));
  ASSERT_TRUE(first && second);

  Lease moved = *std::move(first);
  moved = *std::move(second);

  ASSERT_EQ(ledger.holdings().size(), 1U);
  EXPECT_EQ(ledger.holdings()[0].claim.holder, "model b");
}

TEST(Ledger, RefusesADeviceThatIsNotThere) {
  Ledger ledger = machine();

  const auto lease = ledger.take({"model a", {DeviceKind::Gpu, 1}, {}});

  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().code, Code::NotFound);
  EXPECT_EQ(lease.error().message,
            "no device 'gpu:1' for model a; this machine has 'cpu:0', 'gpu:0'");
}

TEST(Ledger, LetsALeaseOutliveIt) {
  auto ledger = std::make_unique<Ledger>(machine());
  auto lease = ledger->take(claim("model a", 1));
  ASSERT_TRUE(lease);

  ledger.reset();

  lease->release();
  EXPECT_FALSE(lease->is_held());
}

TEST(Ledger, GrantsNoMoreThanThereIsAndSaysWhoHasIt) {
  Ledger ledger = machine();
  const auto large = ledger.take(claim("job large", 2.5));
  const auto small = ledger.take(claim("job small", 0.5));
  ASSERT_TRUE(large && small);

  const auto more = ledger.take(claim("job late", 1.001));

  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Code::ResourceExhausted);
  EXPECT_EQ(more.error().message,
            "job late: cpu:0: wants 1 cores, 1 cores of 4 cores are free; held by job large, job "
            "small");
  EXPECT_TRUE(ledger.take(claim("job fits", 1)));
}

TEST(Ledger, AddsFractionsUpExactly) {
  Ledger ledger = machine();
  std::vector<Lease> leases;
  for (int i = 0; i < 40; ++i) {
    auto lease = ledger.take(claim("job", 0.1));
    ASSERT_TRUE(lease) << i;
    leases.push_back(*std::move(lease));
  }

  EXPECT_FALSE(ledger.take(claim("job", 0.001)));
}

TEST(Ledger, CountsWhatAnAdministratorHasNamed) {
  Ledger ledger = machine();
  Claim wants = claim("job a", 0);
  wants.quantity.named = {{"licence", 2}};
  const auto lease = ledger.take(wants);
  ASSERT_TRUE(lease);

  EXPECT_THAT(ledger.take(wants).error().message, HasSubstr("0 licence of 2 licence are free"));
  wants.quantity.named = {{"seat", 1}};
  EXPECT_THAT(ledger.take(wants).error().message, HasSubstr("more than the 0 seat there are"));
}

TEST(Ledger, LendsTheSameCoresToMany) {
  Ledger ledger = machine();
  Claim lent = claim("model a", 4, 10);
  lent.core_use = CoreUse::Lent;

  const auto first = ledger.take(lent);
  const auto second = ledger.take(lent);

  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->quantity().cores, 4);
  EXPECT_EQ(ledger.balances()[0].free.cores, 4);
  EXPECT_EQ(ledger.balances()[0].free.memory, Bytes::mebi(80));
}

TEST(Ledger, PinsWholeCoresThatNobodyElseGets) {
  Ledger ledger = machine();

  const auto first = ledger.take(pinned("job a", 2));
  auto second = ledger.take(pinned("job b", 2));

  ASSERT_TRUE(first && second);
  EXPECT_THAT(first->cpus(), ElementsAre(0, 1));
  EXPECT_THAT(second->cpus(), ElementsAre(2, 3));
  EXPECT_FALSE(ledger.take(claim("job c", 0.5)));
  second->release();
  EXPECT_THAT(ledger.take(pinned("job d", 1))->cpus(), ElementsAre(2));
}

TEST(Ledger, RefusesAmountsThatAreNone) {
  Ledger ledger = machine();
  const auto refusal = [&](Claim wanted) {
    const auto lease = ledger.take(std::move(wanted));
    return lease ? std::string("granted") : lease.error().message;
  };

  EXPECT_EQ(refusal(claim("job a", -1)),
            "job a: 'cores': expected a number from 0 up, got -1.000000");
  EXPECT_THAT(refusal(claim("job a", std::nan(""))), HasSubstr("'cores'"));
  EXPECT_THAT(refusal(claim("job a", 1e300)), HasSubstr("'cores'"));
  EXPECT_EQ(refusal(pinned("job a", 1.5)),
            "job a: pinned cores: expected a whole number from 1 up, got 1.5");
  Claim on_gpu = pinned("job a", 1);
  on_gpu.device = kGpu;
  EXPECT_EQ(refusal(on_gpu), "job a: gpu:0 has no cores that can be pinned");
  Claim huge = claim("job a", 0);
  huge.quantity.memory.count = ~0ULL;
  EXPECT_THAT(refusal(huge), HasSubstr("'bytes of memory'"));
}

TEST(Ledger, GivesAGangAllOrNothing) {
  Ledger ledger = machine();
  const Claim on_gpu{"rank 2", kGpu, {1, Bytes::mebi(81)}};

  EXPECT_FALSE(ledger.take_all({claim("rank 0", 2), claim("rank 1", 2), on_gpu}));
  EXPECT_TRUE(ledger.holdings().empty());
  EXPECT_FALSE(ledger.take_all({pinned("rank 0", 3), pinned("rank 1", 2)}));
  EXPECT_EQ(ledger.balances()[0].free.cores, 4);

  const auto gang = ledger.take_all({pinned("rank 0", 3), pinned("rank 1", 1)});
  ASSERT_TRUE(gang);
  EXPECT_THAT((*gang)[0].cpus(), ElementsAre(0, 1, 2));
  EXPECT_THAT((*gang)[1].cpus(), ElementsAre(3));
}

TEST(Ledger, PredictsWhenThereIsRoom) {
  Ledger ledger = machine();
  const TimePoint now{seconds(1000)};
  Claim first = claim("job a", 2);
  first.ends = now + seconds(10);
  Claim second = claim("job b", 2);
  second.ends = now + seconds(30);
  const auto held = ledger.take_all({second, first});
  ASSERT_TRUE(held);

  const std::array one{claim("job c", 1)};
  const std::array four{claim("job d", 4)};
  EXPECT_EQ(ledger.prospect(one)->starts, now + seconds(10));
  EXPECT_EQ(ledger.prospect(four)->starts, now + seconds(30));
  EXPECT_EQ(describe(*ledger.prospect(one), now),
            "cpu:0: wants 1 cores, 0 cores of 4 cores are free; held by job b, job a; believed to "
            "be free in 10 s");
}

TEST(Ledger, SaysThatNobodyKnowsWhenThereIsRoom) {
  Ledger ledger = machine();
  const auto held = ledger.take(claim("service", 4));

  const std::array one{claim("job c", 1)};
  const auto prospect = ledger.prospect(one);

  ASSERT_TRUE(prospect);
  EXPECT_EQ(prospect->starts, kNever);
  EXPECT_THAT(describe(*prospect, {}), HasSubstr("nobody has said when it is given back"));
}

TEST(Ledger, SaysWhatNeverFits) {
  Ledger ledger = machine();
  const std::array gang{claim("rank 0", 3), claim("rank 1", 3)};

  const auto prospect = ledger.prospect(gang);

  ASSERT_TRUE(prospect);
  EXPECT_TRUE(prospect->is_never);
  EXPECT_EQ(
      describe(*prospect, {}),
      "cpu:0: wants 6 cores, which is more than the 4 cores there are: never on this machine");
}

TEST(Ledger, SaysThatThereIsRoom) {
  Ledger ledger = machine();
  const std::array one{claim("job", 4)};

  EXPECT_EQ(describe(*ledger.prospect(one), {}), "there is room for it");
}

TEST(Ledger, FollowsADeviceThatShrinksAndGrows) {
  Ledger ledger = machine();
  const auto held = ledger.take(claim("job a", 3, 60));
  ASSERT_TRUE(held);

  ledger.resize(kCpu, {2, Bytes::mebi(50)});
  EXPECT_EQ(ledger.balances()[0].free.cores, 0);
  EXPECT_FALSE(ledger.take(claim("job b", 0.5)));

  ledger.resize(kCpu, {4, Bytes::mebi(100)});
  EXPECT_TRUE(ledger.take(claim("job b", 1, 40)));
}

TEST(Ledger, TellsWhenSomethingIsFree) {
  Ledger ledger = machine();
  int told = 0;
  ledger.when_freed([&] {
    if (++told == 1) {
      EXPECT_TRUE(ledger.take(claim("job b", 4))) << "it may be asked at once";
    }
  });
  {
    const auto lease = ledger.take(claim("job a", 4));
    ASSERT_TRUE(lease);
  }

  EXPECT_EQ(told, 2) << "for job a, and for job b that came and went";
}

TEST(Ledger, TellsEverybodyWhoWantsToKnow) {
  Ledger ledger = machine();
  int first = 0;
  int second = 0;
  ledger.when_freed([&] { ++first; });
  ledger.when_freed([&] { ++second; });

  ASSERT_TRUE(ledger.take(claim("job a", 4)));

  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST(Ledger, AdoptsWhatIsHeldAlreadyThoughThereIsNotSoMuchAnyMore) {
  Ledger ledger = machine();
  Claim held = claim("job a", 3, 200);

  const auto adopted = ledger.adopt(held, {});

  ASSERT_TRUE(adopted);
  EXPECT_EQ(ledger.balances()[0].free.cores, 1);
  EXPECT_EQ(ledger.balances()[0].free.memory, Bytes{});
  EXPECT_FALSE(ledger.take(claim("job b", 1, 1)));
}

TEST(Ledger, GivesNobodyTheCoresThatItHasAdopted) {
  Ledger ledger = machine();

  const auto adopted = ledger.adopt(pinned("job a", 2), {1, 3});
  const auto other = ledger.take(pinned("job b", 2));

  ASSERT_TRUE(adopted);
  ASSERT_TRUE(other);
  EXPECT_EQ(adopted->cpus(), (std::vector<std::uint32_t>{1, 3}));
  EXPECT_EQ(other->cpus(), (std::vector<std::uint32_t>{0, 2}));
}

TEST(Ledger, IsToldThatALeaseHoldsMoreMemoryOrLess) {
  Ledger ledger = machine();
  int told = 0;
  ledger.when_freed([&] { ++told; });
  auto lease = ledger.take(claim("model a", 0, 60));
  ASSERT_TRUE(lease);

  EXPECT_TRUE(ledger.set_memory(lease->id(), Bytes::mebi(40)));
  EXPECT_EQ(told, 1);
  EXPECT_EQ(ledger.balances()[0].free.memory, Bytes::mebi(60));
  EXPECT_TRUE(ledger.set_memory(lease->id(), Bytes::mebi(100)));
  EXPECT_EQ(ledger.balances()[0].free.memory, Bytes::mebi(0));

  const auto more = ledger.set_memory(lease->id(), Bytes::mebi(101));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Code::ResourceExhausted);
  EXPECT_EQ(ledger.holdings()[0].claim.quantity.memory, Bytes::mebi(100));

  const std::uint64_t id = lease->id();
  lease->release();
  EXPECT_EQ(ledger.balances()[0].free.memory, Bytes::mebi(100));
  EXPECT_EQ(ledger.set_memory(id, Bytes::mebi(1)).error().code, Code::NotFound);
}

/// Claims of all kinds from many threads: what is out never exceeds what there is.
TEST(Ledger, HoldsUnderRandomInterleavings) {
  Ledger ledger = machine();
  std::array<std::atomic<int>, 4> pins{};
  const auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::vector<Lease>> held;
    for (int step = 0; step < 2'000; ++step) {
      if (!held.empty() && random() % 2 == 0) {
        const std::size_t gone = random() % held.size();
        for (const Lease& lease : held[gone]) {
          for (const std::uint32_t cpu : lease.cpus()) {
            pins[cpu].fetch_sub(1);
          }
        }
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(gone));
        continue;
      }
      std::vector<Claim> gang;
      for (unsigned member = 0; member <= random() % 3; ++member) {
        const double cores = static_cast<double>(random() % 3) * 0.5;
        gang.push_back(random() % 3 == 0 ? pinned("pinned", 1)
                                         : claim("any", cores, random() % 30));
      }
      auto leases = ledger.take_all(std::move(gang));
      if (!leases) {
        EXPECT_EQ(leases.error().code, Code::ResourceExhausted) << leases.error().message;
        continue;
      }
      for (const Lease& lease : *leases) {
        for (const std::uint32_t cpu : lease.cpus()) {
          EXPECT_EQ(pins[cpu].fetch_add(1), 0) << "cpu " << cpu << " was given twice";
        }
      }
      held.push_back(*std::move(leases));
      double cores = 0;
      std::uint64_t bytes = 0;
      for (const Holding& holding : ledger.holdings()) {
        cores += holding.claim.quantity.cores;
        bytes += holding.claim.quantity.memory.count;
      }
      EXPECT_LE(cores, 4.0);
      EXPECT_LE(bytes, Bytes::mebi(100).count);
    }
    for (const auto& gang : held) {
      for (const Lease& lease : gang) {
        for (const std::uint32_t cpu : lease.cpus()) {
          pins[cpu].fetch_sub(1);
        }
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) {
      threads.emplace_back(work, seed);
    }
  }

  EXPECT_TRUE(ledger.holdings().empty());
  EXPECT_EQ(ledger.balances()[0].free.cores, 4);
  EXPECT_EQ(ledger.balances()[0].free.memory, Bytes::mebi(100));
}

}  // namespace
}  // namespace aion::resource
