// Advance reservations: windows that nothing runs into, and what runs inside of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/policies.h"
#include "sched/scheduler.h"

namespace aion::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::array kAllThatReserve{
    "fcfs", "sjfg-req", "easy", "easy-sjbf", "cons", "default", "fair-share", "drf"};

/// A scheduler, and what it decided last by the driver's names.
class Desk {
 public:
  Desk(const Policy& policy, std::int64_t processors) : scheduler(policy, processors) {}
  Desk(std::string_view policy, std::int64_t processors) : Desk(*find_policy(policy), processors) {}

  ClaimId submit(std::uint64_t id, std::int32_t processors, Ticks request, Ticks now) {
    return scheduler.submit(claim(id, processors, request, now), now);
  }

  /// Into a reservation of user 7.
  ClaimId submit_inside(ReservationId window, Claim claim) {
    claim.user = 7;
    claim.reservation = window;
    const Result<void> may = scheduler.may_join(claim, claim.arrival);
    EXPECT_TRUE(may) << may.error().message;
    return scheduler.submit(claim, claim.arrival);
  }

  static Claim claim(std::uint64_t id, std::int32_t processors, Ticks request, Ticks now) {
    Claim claim;
    claim.id = id;
    claim.arrival = now;
    claim.request = request;
    claim.processors = processors;
    return claim;
  }

  ReservationId reserve(Ticks start, Ticks end, std::int32_t processors, std::int32_t user = -1) {
    const auto made = scheduler.reserve({start, end, processors, user}, 0);
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made : 0;
  }

  std::vector<std::uint64_t> started(Ticks now) { return decided(now, Decision::Action::Start); }

  std::vector<std::uint64_t> decided(Ticks now, Decision::Action action) {
    decisions.clear();
    scheduler.decide(now, decisions);
    std::vector<std::uint64_t> ids;
    for (const Decision& decision : decisions) {
      if (decision.action == action) {
        ids.push_back(decision.id);
      }
    }
    return ids;
  }

  std::string words(ClaimId claim, Ticks now) const {
    return describe(scheduler.explain(claim, now), now);
  }

  Scheduler scheduler;
  std::vector<Decision> decisions;
};

TEST(Reservation, HoldsBackWhatMightStillRunWhenItBegins) {
  for (const auto* policy : kAllThatReserve) {
    SCOPED_TRACE(policy);
    Desk desk(policy, 4);
    desk.reserve(100, 200, 3);
    desk.submit(1, 2, 101, 0);

    EXPECT_THAT(desk.started(0), IsEmpty());
    EXPECT_EQ(desk.scheduler.wake_at(), 100);
    EXPECT_THAT(desk.started(100), IsEmpty());
    EXPECT_EQ(desk.scheduler.free(), 1);
    EXPECT_EQ(desk.scheduler.wake_at(), 200);
    EXPECT_THAT(desk.started(200), ElementsAre(1));
    EXPECT_EQ(desk.scheduler.wake_at(), kNever);
  }
}

TEST(Reservation, LetsStartWhatEndsInTimeOrFitsBesideIt) {
  for (const auto* policy : kAllThatReserve) {
    SCOPED_TRACE(policy);
    Desk desk(policy, 4);
    desk.reserve(100, 200, 3);
    desk.submit(1, 3, 100, 0);
    desk.submit(2, 1, 500, 0);

    EXPECT_THAT(desk.started(0), ::testing::UnorderedElementsAre(1, 2));
  }
}

TEST(Reservation, CountsTogetherWithOthersAtTheSameTime) {
  for (const auto* policy : kAllThatReserve) {
    SCOPED_TRACE(policy);
    Desk desk(policy, 4);
    desk.reserve(50, 300, 1);
    desk.reserve(100, 200, 1);
    const ClaimId too_long = desk.submit(1, 3, 101, 0);
    EXPECT_THAT(desk.started(0), IsEmpty());
    desk.scheduler.finish(too_long, 0);
    desk.submit(2, 3, 100, 0);

    EXPECT_THAT(desk.started(0), ElementsAre(2)) << "ends when the second begins";
  }
}

TEST(Reservation, BackfillsBeforeItWithoutDelayingTheHeadBehindIt) {
  for (const auto* policy : {"easy", "cons"}) {
    SCOPED_TRACE(policy);
    Desk desk(policy, 4);
    desk.reserve(100, 200, 4);
    const ClaimId head = desk.submit(1, 3, 150, 0);       // starts at 200
    const ClaimId short_one = desk.submit(2, 4, 100, 0);  // ends when the window begins
    desk.submit(3, 2, 400, 0);                            // beside the head there is only 1 left

    EXPECT_THAT(desk.started(0), ElementsAre(2));
    EXPECT_EQ(desk.scheduler.explain(head, 0).time, 200);
    desk.scheduler.finish(short_one, 100);
    EXPECT_THAT(desk.started(100), IsEmpty());
    EXPECT_THAT(desk.started(200), ElementsAre(1));
  }
}

TEST(Reservation, RunsItsMembersInsideAndNobodyElse) {
  for (const auto* policy : {"fcfs", "sjfg-req", "easy", "cons", "default", "drf", "las"}) {
    SCOPED_TRACE(policy);
    Desk desk(policy, 4);
    const ReservationId window = desk.reserve(100, 200, 2, 7);
    desk.submit(1, 3, 1000, 100);
    const ClaimId member = desk.submit_inside(window, Desk::claim(2, 2, 60, 0));
    const ClaimId next = desk.submit_inside(window, Desk::claim(3, 1, 40, 0));

    EXPECT_THAT(desk.started(0), ::testing::Not(::testing::Contains(2)));
    EXPECT_THAT(desk.started(100), ElementsAre(2));
    EXPECT_EQ(desk.scheduler.explain(next, 100).time, 160);
    desk.scheduler.finish(member, 160);
    EXPECT_THAT(desk.started(160), ElementsAre(3));
    desk.scheduler.finish(next, 200);
    EXPECT_THAT(desk.started(200), ElementsAre(1));
    EXPECT_EQ(desk.scheduler.free(), 1);
  }
}

TEST(Reservation, LetsAMemberWaitAsAllOthersWhenTooLittleIsLeft) {
  for (const auto* policy : kAllThatReserve) {
    SCOPED_TRACE(policy);
    Desk desk(policy, 4);
    const ReservationId window = desk.reserve(100, 200, 2, 7);
    desk.submit_inside(window, Desk::claim(1, 2, 80, 0));
    desk.submit_inside(window, Desk::claim(2, 2, 30, 0));

    EXPECT_THAT(desk.started(0), IsEmpty());
    EXPECT_THAT(desk.started(100), ElementsAre(1));
    EXPECT_THAT(desk.started(170), IsEmpty()) << "20 are needed after the first";
    EXPECT_THAT(desk.started(171), ElementsAre(2)) << "beside the window";
    EXPECT_EQ(desk.scheduler.free(), 0);
  }
}

TEST(Reservation, StopsWhatStandsInItsWayUnderAPolicyThatMay) {
  Desk desk("las", 4);
  desk.submit(1, 3, 1000, 0);
  EXPECT_THAT(desk.started(0), ElementsAre(1));
  const auto window = desk.scheduler.reserve({50, 80, 2, -1}, 10);
  ASSERT_TRUE(window);

  EXPECT_EQ(desk.scheduler.wake_at(), 50);
  EXPECT_THAT(desk.decided(50, Decision::Action::Preempt), ElementsAre(1));
  EXPECT_EQ(desk.scheduler.free(), 2);
  EXPECT_THAT(desk.started(80), ElementsAre(1));
}

TEST(Reservation, GivesItsProcessorsBackWhenItIsCancelled) {
  for (const auto* policy : kAllThatReserve) {
    SCOPED_TRACE(policy);
    Desk desk(policy, 4);
    const ReservationId window = desk.reserve(0, 200, 3, 7);
    const ClaimId member = desk.submit_inside(window, Desk::claim(1, 2, 100, 0));
    desk.submit_inside(window, Desk::claim(2, 2, 100, 0));
    desk.submit(3, 2, 100, 0);
    EXPECT_THAT(desk.started(0), ElementsAre(1));

    ASSERT_TRUE(desk.scheduler.cancel(window, 10));

    EXPECT_EQ(desk.scheduler.free(), 2) << "the member goes on";
    EXPECT_EQ(desk.started(10).size(), 1U);
    desk.scheduler.finish(member, 100);
    EXPECT_EQ(desk.started(100).size(), 1U);
    EXPECT_EQ(desk.scheduler.free(), 0);
    EXPECT_EQ(desk.scheduler.cancel(window, 100).error().code, Code::NotFound);
  }
}

/// The first is believed to end at 10, so that the second seems to fit beside the window; but by
/// its request the first may run until 100.
TEST(Reservation, GoesByRequestsEvenWhereThePolicyBelievesLess) {
  const Policy by_runtimes{.discipline = Discipline::Conservative, .estimates = Estimates::Actual};
  Desk desk(by_runtimes, 4);
  desk.reserve(60, 80, 2);
  Claim vague = Desk::claim(1, 2, 100, 0);
  vague.runtime = 10;
  const ClaimId first = desk.scheduler.submit(vague, 0);
  const ClaimId second = desk.submit(2, 2, 70, 0);

  EXPECT_THAT(desk.started(0), ElementsAre(1));
  EXPECT_EQ(desk.scheduler.explain(second, 0).time, 80);
  desk.scheduler.finish(first, 10);
  EXPECT_THAT(desk.started(10), ElementsAre(2)) << "it may still run then, and there is room";
}

TEST(Reservation, TakesNoMemberBeyondWhatAMachineThatShrankHas) {
  Desk desk("easy", 4);
  const ReservationId window = desk.reserve(0, 100, 4, 7);
  desk.submit_inside(window, Desk::claim(1, 2, 50, 0));
  desk.submit_inside(window, Desk::claim(2, 2, 50, 0));
  desk.scheduler.set_capacity(3, 0);

  EXPECT_THAT(desk.started(0), ElementsAre(1));
}

TEST(Reservation, TellsWhyAClaimWaits) {
  Desk desk("easy", 4);
  const ReservationId window = desk.reserve(100, 200, 3, 7);
  const ClaimId claim = desk.submit(1, 2, 150, 0);
  const ClaimId member = desk.submit_inside(window, Desk::claim(2, 2, 90, 0));
  const ClaimId late = desk.submit_inside(window, Desk::claim(3, 2, 90, 0));
  desk.started(0);

  EXPECT_EQ(desk.words(claim, 0),
            "waits, with 0 of 1 waiting claims before it: it wants 2 of 4 processors, 4 are free, "
            "but it might still run when reservation 1 needs 3, which begins in 100 and ends in "
            "200; believed to start in 200");
  EXPECT_EQ(desk.words(member, 0),
            "waits inside reservation 1, with 0 of 2 waiting claims before it: it wants 2 of 3 "
            "processors, 3 are free, from its start in 100; believed to start in 100");
  EXPECT_THAT(desk.words(late, 0), ::testing::Not(HasSubstr("believed")));
  desk.started(100);
  EXPECT_THAT(desk.words(claim, 100), HasSubstr("3 are kept by reservations, 1 are free, 1 are"));
  EXPECT_EQ(desk.words(member, 100),
            "runs on 2 processors of reservation 1, believed to end in 90");
}

TEST(Reservation, IsRefusedWithAReason) {
  Desk desk("easy", 4);
  desk.submit(1, 2, 100, 0);
  desk.started(0);
  desk.reserve(50, 60, 1);
  const auto why = [&](const AdvanceReservation& kept) {
    const auto made = desk.scheduler.reserve(kept, 10);
    return made ? "made" : made.error().message;
  };

  EXPECT_EQ(why({5, 20, 1, -1}), "reservation.start: expected at least 10, which is now, got 5");
  EXPECT_EQ(why({20, 20, 1, -1}),
            "reservation.end: expected more than its start, 20, and at most 2^60, got 20");
  EXPECT_EQ(why({20, 30, 5, -1}),
            "reservation.processors: expected 1 to 4, which the machine has, got 5");
  EXPECT_EQ(why({20, 30, 1, -2}),
            "reservation.user: expected a user's number, or -1 for maintenance, got -2");
  EXPECT_EQ(why({20, 55, 2, -1}),
            "cannot keep 2 processors from 20 to 55: other reservations and claims that may still "
            "run by their requests leave 1 of 4");
  EXPECT_EQ(why({60, 100, 2, -1}), "made");
  EXPECT_EQ(why({100, 200, 4, -1}), "made");
}

TEST(Reservation, TakesOnlyMembersThatItFits) {
  Desk desk("easy", 4);
  const ReservationId window = desk.reserve(100, 200, 2, 7);
  const ReservationId maintenance = desk.reserve(100, 200, 2);
  const auto why = [&](ReservationId reservation, std::int32_t user, Claim claim, Ticks now) {
    claim.reservation = reservation;
    claim.user = user;
    const Result<void> may = desk.scheduler.may_join(claim, now);
    return may ? "joins" : may.error().message;
  };

  EXPECT_EQ(why(window, 7, Desk::claim(1, 2, 100, 0), 0), "joins");
  EXPECT_EQ(why(9, 7, Desk::claim(1, 2, 100, 0), 0), "there is no reservation 9, or it is over");
  EXPECT_EQ(why(window, 7, Desk::claim(1, 2, 1, 0), 200),
            "there is no reservation 1, or it is over");
  EXPECT_EQ(why(window, 8, Desk::claim(1, 2, 100, 0), 0),
            "reservation 1 is kept for user 7, not for user 8");
  EXPECT_EQ(why(maintenance, -1, Desk::claim(1, 2, 100, 0), 0),
            "reservation 2 is for maintenance: no claim runs inside it");
  EXPECT_EQ(why(window, 7, Desk::claim(1, 3, 100, 0), 0),
            "reservation 1 keeps 2 processors, got a claim of 3");
  EXPECT_EQ(why(window, 7, Desk::claim(1, 2, 51, 0), 150),
            "reservation 1 has 50 left, got a claim that may run for 51");
}

TEST(Reservation, IsRefusedWhenThereAreAThousand) {
  Desk desk("easy", 2);
  for (std::size_t i = 0; i < ReservationCalendar::kMost; ++i) {
    desk.reserve(static_cast<Ticks>(i), static_cast<Ticks>(i) + 1, 1);
  }
  EXPECT_EQ(desk.scheduler.reserve({5000, 5001, 1, -1}, 0).error().code, Code::ResourceExhausted);
}

}  // namespace
}  // namespace aion::sched
