#include "serving/urgency.h"

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint kArrived{milliseconds{1000}};

TEST(Urgency, IsThatOfTheConfigurationWhereTheRequestSaysNothing) {
  RequestContext context;

  set_urgency({{}, milliseconds{10}, Criticality::Safety}, {}, kArrived, context);

  EXPECT_EQ(context.deadline, kArrived + milliseconds{10});
  EXPECT_EQ(context.criticality, Criticality::Safety);
}

TEST(Urgency, IsTheRequestsOwnWhereItSaysSo) {
  RequestContext context;
  InferRequest request;
  request.deadline = milliseconds{30};
  request.criticality = Criticality::BestEffort;

  set_urgency({{}, milliseconds{10}, Criticality::Safety}, request, kArrived, context);

  EXPECT_EQ(context.deadline, kArrived + milliseconds{30});
  EXPECT_EQ(context.criticality, Criticality::BestEffort);
}

TEST(Urgency, HasTheDeadlineOfTheCallWhereThatOneIsEarlier) {
  RequestContext context;
  context.deadline = kArrived + milliseconds{5};
  InferRequest request;
  request.deadline = milliseconds{30};

  set_urgency({}, request, kArrived, context);

  EXPECT_EQ(context.deadline, kArrived + milliseconds{5});
}

TEST(Urgency, IsNoneWhereNobodyAsksForOne) {
  RequestContext context;

  set_urgency({}, {}, kArrived, context);

  EXPECT_EQ(context.deadline, kNever);
  EXPECT_EQ(context.criticality, Criticality::Normal);
}

}  // namespace
}  // namespace aion::serving
