#include "serving/response_order.h"

#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

/// Requests that note their ticket when it is their turn.
class ResponseOrderTest : public testing::Test {
 protected:
  Awaitable<void> wait_for_turn(std::uint64_t ticket) {
    ResponseOrder::Place place(order_, ticket);
    co_await place.turn(inline_executor());
    left_.push_back(ticket);
  }
  void finish(std::uint64_t ticket) { spawn(inline_executor(), wait_for_turn(ticket)); }

  std::shared_ptr<ResponseOrder> order_ = std::make_shared<ResponseOrder>();
  std::vector<std::uint64_t> left_;
};

TEST_F(ResponseOrderTest, LetsResponsesLeaveByTheirTickets) {
  finish(2);
  finish(1);
  EXPECT_TRUE(left_.empty());

  finish(0);

  EXPECT_EQ(left_, (std::vector<std::uint64_t>{0, 1, 2}));
}

TEST_F(ResponseOrderTest, DoesNotWaitForARequestThatEndedWithoutAResponse) {
  finish(1);

  { const ResponseOrder::Place failed(order_, 0); }

  EXPECT_EQ(left_, (std::vector<std::uint64_t>{1}));
}

}  // namespace
}  // namespace aion::serving
