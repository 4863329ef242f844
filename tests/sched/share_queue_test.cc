#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/policies.h"
#include "sched/scheduler.h"

namespace aion::sched {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Ticks kWeek = 7 * 86'400;

/// A machine of four processors, and claims of its users.
class Shares : public testing::Test {
 protected:
  explicit Shares(const char* policy = "fair-share") : scheduler_(*find_policy(policy), 4) {}

  ClaimId submit(std::int32_t user, std::int32_t processors, Ticks request, Ticks now) {
    Claim claim;
    claim.id = ++last_id_;
    claim.arrival = now;
    claim.request = request;
    claim.processors = processors;
    claim.user = user;
    return scheduler_.submit(claim, now);
  }
  /// Whose claims start now, by their ids.
  std::vector<std::uint64_t> decide(Ticks now) {
    std::vector<Decision> decisions;
    scheduler_.decide(now, decisions);
    std::vector<std::uint64_t> ids;
    for (const Decision& decision : decisions) {
      ids.push_back(decision.id);
    }
    return ids;
  }
  /// The user has the machine for a time.
  void use(std::int32_t user, Ticks request, Ticks from, Ticks to) {
    const ClaimId claim = submit(user, 4, request, from);
    ASSERT_EQ(decide(from).size(), 1U);
    scheduler_.finish(claim, to);
  }

  Scheduler scheduler_;
  std::uint64_t last_id_ = 0;
};

class Holdings : public Shares {
 protected:
  Holdings() : Shares("drf") {}
};

TEST_F(Shares, ServeTheUserFirstWhoHasUsedTheLeast) {
  use(1, 1000, 0, 1000);
  const ClaimId all = submit(3, 4, 10, 1000);
  ASSERT_EQ(decide(1000).size(), 1U);
  submit(1, 4, 10, 1001);  // id 3
  submit(2, 4, 10, 1002);  // id 4

  scheduler_.finish(all, 1010);

  EXPECT_THAT(decide(1010), ElementsAre(4));
}

TEST_F(Shares, ChargeWhatWasUsedWhateverWasAskedFor) {
  use(1, 20 * kWeek, 0, kWeek);             // a week, having asked for twenty
  use(2, kWeek / 2, kWeek, kWeek * 3 / 2);  // half of it
  const Ticks now = kWeek * 3 / 2;
  const ClaimId all = submit(3, 4, 10, now);
  ASSERT_EQ(decide(now).size(), 1U);
  submit(1, 4, 10, now);  // id 4
  submit(4, 4, 10, now);  // id 5, has used nothing

  scheduler_.finish(all, now + 10);

  EXPECT_THAT(decide(now + 10), ElementsAre(5));
}

TEST_F(Shares, KeepTheReservationOfAClaimThatIsBlocked) {
  const ClaimId small = submit(1, 1, 100, 0);
  ASSERT_THAT(decide(0), ElementsAre(1));
  submit(2, 4, 50, 1);  // id 2: blocked, reserved for 100
  ASSERT_THAT(decide(1), IsEmpty());
  submit(3, 3, 100, 2);  // id 3: would delay it
  submit(4, 3, 90, 3);   // id 4: ends in time
  ASSERT_THAT(decide(3), ElementsAre(4));

  scheduler_.finish(small, 100);
  scheduler_.finish(3, 100);

  EXPECT_THAT(decide(100), ElementsAre(2));
}

TEST_F(Shares, LetNobodyWaitForMoreThanADayAndAHalfBehindOthers) {
  use(1, kWeek, 0, kWeek);
  Ticks now = kWeek;
  ClaimId running = submit(2, 4, 3600, now);
  ASSERT_EQ(decide(now).size(), 1U);
  std::map<std::uint64_t, ClaimId> by_id;
  // Others who have used less keep coming, faster than they can be served.
  for (std::int32_t user = 3; user < 200; user += 2) {
    for (const std::int32_t comes : {user, user + 1}) {
      const ClaimId claim = submit(comes, 4, 3600, now);
      by_id[last_id_] = claim;
    }
    if (user == 3) {
      decide(now);  // one of them has the reservation
      by_id[last_id_ + 1] = submit(1, 4, 10, now);
    }
    const std::uint64_t waits = 5;
    now += 3600;
    scheduler_.finish(running, now);
    const auto started = decide(now);
    ASSERT_EQ(started.size(), 1U);
    if (started.front() == waits) {
      EXPECT_GT(now - kWeek, 129'600);
      EXPECT_LT(now - kWeek, 129'600 + 3 * 3600);
      return;
    }
    running = by_id.at(started.front());
  }
  FAIL() << "it starves";
}

TEST_F(Shares, GoOnAfterYearsInWhichNothingCame) {
  for (std::int32_t user = 1; user <= 3; ++user) {
    use(user, 100, 100 * user, 100 * user + 50);
  }
  const Ticks later = 600 * kWeek;
  for (std::int32_t user = 1; user <= 3; ++user) {
    submit(user, 1, 100, later);
  }

  EXPECT_EQ(decide(later).size(), 3U);
}

TEST_F(Holdings, ServeTheUserFirstWhoHoldsTheLeast) {
  submit(1, 2, 100, 0);
  submit(2, 1, 100, 0);
  const ClaimId third = submit(3, 1, 100, 0);
  ASSERT_EQ(decide(0).size(), 3U);
  submit(1, 1, 10, 1);  // id 4
  submit(2, 1, 10, 2);  // id 5

  scheduler_.finish(third, 10);

  EXPECT_THAT(decide(10), ElementsAre(5));
}

}  // namespace
}  // namespace aion::sched
