#include "sched/share/quota_tree.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::sched {
namespace {

using testing::HasSubstr;

Resources gpus(std::int64_t count) {
  Resources amount;
  amount[ResourceKind::Gpu] = 1000 * count;
  return amount;
}

std::string refusal(std::vector<QuotaNode> nodes) {
  const auto tree = QuotaTree::make(std::move(nodes));
  return tree ? "taken" : tree.error().message;
}

/// Two teams of eight GPUs in one cohort.
class Cohort : public testing::Test {
 protected:
  static QuotaTree make(std::optional<Resources> borrowing = {},
                        std::optional<Resources> lending = {}) {
    return *QuotaTree::make({{"all", "", {}},
                             {"a", "all", gpus(8), borrowing, {}},
                             {"b", "all", gpus(8), {}, lending}});
  }
  static constexpr QueueIndex kA = 1;
  static constexpr QueueIndex kB = 2;
};

TEST_F(Cohort, GrantsWhatIsAQueuesOwn) {
  QuotaTree tree = make();

  EXPECT_EQ(tree.admits(kA, gpus(8)), Verdict::Granted);
}

TEST_F(Cohort, LendsWhatOthersLeaveIdle) {
  QuotaTree tree = make();
  tree.charge(kB, gpus(3));

  EXPECT_EQ(tree.admits(kA, gpus(13)), Verdict::Borrowed);
  EXPECT_EQ(tree.admits(kA, gpus(14)), Verdict::Denied);
}

TEST_F(Cohort, BorrowsNoMoreThanItsLimit) {
  QuotaTree tree = make(gpus(2));

  EXPECT_EQ(tree.admits(kA, gpus(10)), Verdict::Borrowed);
  EXPECT_EQ(tree.admits(kA, gpus(11)), Verdict::Denied);
}

TEST_F(Cohort, LendsNoMoreThanItsLimit) {
  QuotaTree tree = make({}, gpus(3));

  EXPECT_EQ(tree.admits(kA, gpus(11)), Verdict::Borrowed);
  EXPECT_EQ(tree.admits(kA, gpus(12)), Verdict::Denied);
  tree.charge(kA, gpus(11));
  EXPECT_EQ(tree.admits(kB, gpus(5)), Verdict::Granted);
  EXPECT_EQ(tree.admits(kB, gpus(6)), Verdict::Denied);
}

TEST_F(Cohort, ReclaimsWhatItHasLentAndNothingElse) {
  QuotaTree tree = make();
  tree.charge(kA, gpus(12));

  EXPECT_EQ(tree.admits(kB, gpus(6)), Verdict::Denied);
  EXPECT_TRUE(tree.may_reclaim(kB, gpus(6), kA));
  EXPECT_FALSE(tree.may_reclaim(kB, gpus(9), kA)) << "more than its own";
  EXPECT_FALSE(tree.may_reclaim(kA, gpus(1), kB)) << "that one has borrowed nothing";
  EXPECT_FALSE(tree.may_reclaim(kA, gpus(1), kA));
}

TEST_F(Cohort, ReclaimsNothingOfAKindThatIsNotWanted) {
  QuotaTree tree = make();
  tree.charge(kA, gpus(12));
  Resources memory;
  memory[ResourceKind::Memory] = 1;

  EXPECT_FALSE(tree.may_reclaim(kB, memory, kA));
}

TEST_F(Cohort, ExplainsInWords) {
  QuotaTree tree = make(gpus(4));
  tree.charge(kA, gpus(6));
  Resources wanted = gpus(7);

  EXPECT_EQ(tree.explain(kA, wanted), "a has 6 of its 8 GPUs and may borrow 4 more");
  tree.charge(kB, gpus(8));
  tree.charge(kA, gpus(2));
  EXPECT_EQ(tree.explain(kA, wanted), "a has 8 of its 8 GPUs and may have 0 more");
}

TEST(QuotaTree, LendsThroughCohortsOfCohorts) {
  const auto tree = QuotaTree::make({{"root", "", {}},
                                     {"left", "root", {}, {}, gpus(2)},
                                     {"right", "root", {}},
                                     {"a", "left", gpus(4)},
                                     {"b", "left", gpus(4)},
                                     {"c", "right", gpus(1)}});
  ASSERT_TRUE(tree);

  EXPECT_EQ(tree->admits(*tree->find("c"), gpus(3)), Verdict::Borrowed);
  EXPECT_EQ(tree->admits(*tree->find("c"), gpus(4)), Verdict::Denied) << "left lends 2 of its 8";
  EXPECT_EQ(tree->admits(*tree->find("a"), gpus(9)), Verdict::Borrowed);
}

TEST(QuotaTree, ReclaimsFromWhoHasBorrowedAndNotFromACohortThatIsWithinItsOwn) {
  auto tree = QuotaTree::make({{"root", "", {}},
                               {"left", "root", {}},
                               {"right", "root", {}},
                               {"a", "left", gpus(4)},
                               {"b", "left", gpus(4)},
                               {"c", "right", gpus(4)},
                               {"d", "right", {}}});
  ASSERT_TRUE(tree);
  tree->charge(*tree->find("a"), gpus(8));
  tree->charge(*tree->find("d"), gpus(4));

  EXPECT_TRUE(tree->may_reclaim(*tree->find("c"), gpus(4), *tree->find("d")));
  EXPECT_FALSE(tree->may_reclaim(*tree->find("c"), gpus(4), *tree->find("a")));
  EXPECT_TRUE(tree->may_reclaim(*tree->find("b"), gpus(4), *tree->find("a")));
}

TEST(QuotaTree, RefusesWhatMakesNoSense) {
  EXPECT_THAT(refusal({{"", "", {}}}), HasSubstr("name: expected one, got none"));
  EXPECT_THAT(refusal({{"a", "", {}}, {"a", "", {}}}), HasSubstr("got it twice"));
  EXPECT_THAT(refusal({{"a", "b", {}}}), HasSubstr("parent: expected the name of a node, got 'b'"));
  EXPECT_THAT(refusal({{"a", "b", {}}, {"b", "a", {}}}), HasSubstr("expected no circle"));
  EXPECT_THAT(refusal({{"a", "", gpus(-1)}}), HasSubstr("nominal.gpu_milli"));
  EXPECT_THAT(refusal({{"a", "", {}, gpus(-1)}}), HasSubstr("borrowing.gpu_milli"));
  EXPECT_EQ(QuotaTree::make({})->find("x").error().code, Code::NotFound);
}

/// A random forest of queues under random load: never more in use than there is, nobody is kept
/// from its own but by what others have borrowed, and all comes back.
TEST(QuotaTree, HoldsInRandomWorlds) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::vector<QuotaNode> nodes{{"n0", "", {}}};
    const std::size_t count = 2 + random() % 6;
    Resources all;
    for (std::size_t i = 1; i <= count; ++i) {
      QuotaNode node{"n" + std::to_string(i),
                     "n" + std::to_string(random() % i),
                     gpus(static_cast<std::int64_t>(random() % 5))};
      if (random() % 3 == 0) {
        node.borrowing = gpus(static_cast<std::int64_t>(random() % 5));
      }
      if (random() % 3 == 0) {
        node.lending = gpus(static_cast<std::int64_t>(random() % 5));
      }
      all += node.nominal;
      nodes.push_back(std::move(node));
    }
    auto tree = QuotaTree::make(nodes);
    ASSERT_TRUE(tree);
    std::vector<std::pair<QueueIndex, Resources>> held;
    Resources in_use;
    for (int step = 0; step < 200; ++step) {
      const auto queue = static_cast<QueueIndex>(random() % nodes.size());
      const Resources wanted = gpus(1 + static_cast<std::int64_t>(random() % 3));
      if (!held.empty() && random() % 3 == 0) {
        const std::size_t at = random() % held.size();
        tree->refund(held[at].first, held[at].second);
        in_use -= held[at].second;
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
      } else if (tree->admits(queue, wanted) != Verdict::Denied) {
        tree->charge(queue, wanted);
        in_use += wanted;
        held.emplace_back(queue, wanted);
      }
      ASSERT_TRUE(in_use.fits_in(all)) << "seed " << seed << ", step " << step;
      for (QueueIndex i = 0; i < nodes.size(); ++i) {
        ASSERT_GE(tree->available(i)[ResourceKind::Gpu], 0) << "seed " << seed;
      }
    }
    for (const auto& [queue, amount] : held) {
      tree->refund(queue, amount);
    }
    for (QueueIndex i = 0; i < nodes.size(); ++i) {
      ASSERT_EQ(tree->used(i), Resources{}) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace aion::sched
