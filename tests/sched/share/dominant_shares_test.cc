#include "sched/share/dominant_shares.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace aion::sched {
namespace {

Resources amount(std::int64_t cpu, std::int64_t memory) {
  Resources made;
  made[ResourceKind::Cpu] = cpu;
  made[ResourceKind::Memory] = memory;
  return made;
}

/// Who wants tasks of one shape, as many as there is room for.
struct User {
  Resources task;
  double weight = 1;
  std::int64_t most = 1'000'000;  // tasks
};

/// Progressive filling: how many tasks each gets.
std::vector<std::int64_t> fill(const Resources& capacity, const std::vector<User>& users) {
  DominantShares shares(capacity);
  std::vector<std::int64_t> tasks(users.size());
  std::vector<DominantShares::Index> leaves;
  for (const User& user : users) {
    leaves.push_back(shares.add(DominantShares::kRoot, user.weight));
    shares.set_wanting(leaves.back(), user.most > 0);
  }
  Resources used;
  while (const auto next = shares.next()) {
    const auto who = static_cast<std::size_t>(std::ranges::find(leaves, *next) - leaves.begin());
    Resources after = used;
    after += users[who].task;
    if (tasks[who] == users[who].most || !after.fits_in(capacity)) {
      shares.set_wanting(*next, false);
      continue;
    }
    used = after;
    shares.charge(*next, users[who].task);
    ++tasks[who];
  }
  return tasks;
}

/// How many whole tasks of this shape an amount is good for.
std::int64_t worth(const Resources& have, const Resources& task) {
  std::int64_t tasks = 1'000'000;
  for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
    if (task.amounts[kind] > 0) {
      tasks = std::min(tasks, have.amounts[kind] / task.amounts[kind]);
    }
  }
  return tasks;
}

Resources times(Resources task, std::int64_t count) {
  for (std::int64_t& one : task.amounts) {
    one *= count;
  }
  return task;
}

TEST(DominantShares, AreThoseOfThePapersExample) {
  // 9 CPUs and 18 GB; tasks of <1, 4> and <3, 1>: three and two of them.
  const auto tasks = fill(amount(9, 18), {{amount(1, 4)}, {amount(3, 1)}});

  EXPECT_EQ(tasks, (std::vector<std::int64_t>{3, 2}));
}

TEST(DominantShares, FollowTheWeights) {
  const auto tasks = fill(amount(90, 0), {{amount(1, 0), 2}, {amount(1, 0), 1}});

  EXPECT_EQ(tasks, (std::vector<std::int64_t>{60, 30}));
}

TEST(DominantShares, GiveWhatOneDoesNotWantToTheOthers) {
  const auto tasks = fill(amount(90, 0), {{amount(1, 0), 1, 10}, {amount(1, 0)}, {amount(1, 0)}});

  EXPECT_EQ(tasks, (std::vector<std::int64_t>{10, 40, 40}));
}

TEST(DominantShares, ServeEqualOnesInTheOrderInWhichTheyCame) {
  DominantShares shares(amount(10, 10));
  const auto first = shares.add(DominantShares::kRoot, 1);
  const auto second = shares.add(DominantShares::kRoot, 1);
  shares.set_wanting(second, true);
  shares.set_wanting(first, true);

  EXPECT_EQ(shares.next(), first);
  shares.charge(first, amount(1, 0));
  EXPECT_EQ(shares.next(), second);
  shares.refund(first, amount(1, 0));
  EXPECT_EQ(shares.next(), first);
}

TEST(DominantShares, AreFairBetweenTeamsFirstAndThenInsideThem) {
  DominantShares shares(amount(100, 0));
  const auto small = shares.add(DominantShares::kRoot, 1);
  const auto large = shares.add(DominantShares::kRoot, 1);
  std::vector<DominantShares::Index> leaves{shares.add(small, 1)};
  for (int i = 0; i < 4; ++i) {
    leaves.push_back(shares.add(large, 1));
  }
  for (const auto leaf : leaves) {
    shares.set_wanting(leaf, true);
  }
  for (int i = 0; i < 80; ++i) {
    shares.charge(*shares.next(), amount(1, 0));
  }

  EXPECT_EQ(shares.used(leaves[0])[ResourceKind::Cpu], 40);
  for (std::size_t i = 1; i < leaves.size(); ++i) {
    EXPECT_EQ(shares.used(leaves[i])[ResourceKind::Cpu], 10);
  }
}

TEST(DominantShares, ServeNobodyWhenNobodyWants) {
  DominantShares shares(amount(1, 1));
  const auto team = shares.add(DominantShares::kRoot, 1);
  const auto leaf = shares.add(team, 1);

  EXPECT_FALSE(shares.next());
  shares.set_wanting(leaf, true);
  EXPECT_EQ(shares.next(), leaf);
  shares.set_wanting(leaf, false);
  EXPECT_FALSE(shares.next());
}

/// The properties of the paper in random worlds, up to the one task that does not divide.
class RandomWorlds : public testing::TestWithParam<unsigned> {
 protected:
  RandomWorlds() {
    std::mt19937 random(GetParam());
    const auto some = [&](std::int64_t most) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1));
    };
    capacity_ = amount(200 + some(400), 200 + some(400));
    const std::int64_t count = 2 + some(3);
    for (std::int64_t i = 0; i < count; ++i) {
      users_.push_back({amount(1 + some(6), 1 + some(6))});
    }
    tasks_ = fill(capacity_, users_);
  }
  [[nodiscard]] double dominant(std::size_t who) const { return dominant_of(who, tasks_[who]); }
  [[nodiscard]] double dominant_of(std::size_t who, std::int64_t tasks) const {
    double largest = 0;
    for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
      if (capacity_.amounts[kind] > 0) {
        largest = std::max(largest,
                           static_cast<double>(tasks * users_[who].task.amounts[kind]) /
                               static_cast<double>(capacity_.amounts[kind]));
      }
    }
    return largest;
  }

  Resources capacity_;
  std::vector<User> users_;
  std::vector<std::int64_t> tasks_;
};

TEST_P(RandomWorlds, GiveEachAtLeastWhatAnEqualPartWouldBeWorth) {
  for (std::size_t who = 0; who < users_.size(); ++who) {
    Resources part = capacity_;
    for (std::int64_t& one : part.amounts) {
      one /= static_cast<std::int64_t>(users_.size());
    }
    EXPECT_GE(tasks_[who] + 1, worth(part, users_[who].task)) << "sharing incentive of " << who;
  }
}

TEST_P(RandomWorlds, LetNobodyPreferWhatAnotherHas) {
  for (std::size_t who = 0; who < users_.size(); ++who) {
    for (std::size_t other = 0; other < users_.size(); ++other) {
      const Resources theirs = times(users_[other].task, tasks_[other] - 1);
      EXPECT_GE(tasks_[who] + 1, worth(theirs, users_[who].task)) << who << " envies " << other;
    }
  }
}

TEST_P(RandomWorlds, LeaveNoRoomForATask) {
  Resources used;
  for (std::size_t who = 0; who < users_.size(); ++who) {
    used += times(users_[who].task, tasks_[who]);
  }
  EXPECT_TRUE(used.fits_in(capacity_));
  for (std::size_t who = 0; who < users_.size(); ++who) {
    Resources more = used;
    more += users_[who].task;
    EXPECT_FALSE(more.fits_in(capacity_)) << "Pareto efficiency: " << who << " could have more";
  }
}

TEST_P(RandomWorlds, RewardNobodyForAskingForMoreThanItNeeds) {
  std::mt19937 random(GetParam());
  for (std::size_t who = 0; who < users_.size(); ++who) {
    std::vector<User> lying = users_;
    lying[who].task[ResourceKind::Cpu] += static_cast<std::int64_t>(random() % 5);
    lying[who].task[ResourceKind::Memory] += static_cast<std::int64_t>(random() % 5);
    const auto tasks = fill(capacity_, lying);
    const std::int64_t useful = worth(times(lying[who].task, tasks[who]), users_[who].task);
    // A whole task more is what indivisible tasks may give by chance.
    EXPECT_LE(dominant_of(who, useful), dominant(who) + 2 * dominant_of(who, 1))
        << "strategy-proofness of " << who;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWorlds, testing::Range(0U, 20U));

}  // namespace
}  // namespace aion::sched
