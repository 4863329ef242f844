// What each placement policy prefers, and that the index finds what a look at every node finds.
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "sched/cluster/placement_index.h"
#include "sched/cluster/placements.h"
#include "tests/sched/cluster/shapes.h"

namespace aion::sched {

namespace {

using testing::cluster_of;
using testing::node_of;
using testing::part;
using testing::whole;

PlacementPolicy named(std::string_view name) {
  return *find_placement(name);
}

/// Node 0 is empty, node 1 has half a GPU left on GPU 0, node 2 has 300 left on GPU 1 and no more.
Cluster three_nodes() {
  Cluster cluster = cluster_of({node_of(2), node_of(2), node_of(2)});
  cluster.take({1, 1}, part(500));
  cluster.take({2, 1}, whole(1));
  cluster.take({2, 2}, part(700));
  return cluster;
}

std::optional<Grant> place(std::string_view policy, const MemberShape& shape) {
  const Cluster cluster = three_nodes();
  PlacementIndex index(cluster, named(policy));
  index.mix().add(whole(1), 1);
  index.mix().add(part(300), 1);
  return index.best(shape);
}

TEST(Placement, FirstFitTakesTheFirstNodeWithRoom) {
  EXPECT_EQ(place("first-fit", part(300)), (Grant{0, 1}));
}

TEST(Placement, BestFitTakesTheNodeWithLeastLeft) {
  EXPECT_EQ(place("best-fit", part(300)), (Grant{2, 2}));
}

TEST(Placement, SpreadTakesTheNodeAndTheGpuWithMostLeft) {
  EXPECT_EQ(place("spread", part(300)), (Grant{0, 1}));
}

TEST(Placement, PackingTakesAGpuInUseBeforeAnUntouchedOne) {
  EXPECT_EQ(place("packing", part(300)), (Grant{2, 2}));
  EXPECT_EQ(place("packing", part(400)), (Grant{1, 1}));
  EXPECT_EQ(place("packing", whole(1)), (Grant{1, 2}));
}

TEST(Placement, DotProductTakesWhereLittleIsFreeOfWhatIsWanted) {
  EXPECT_EQ(place("dot-product", part(400)), (Grant{1, 1}));
}

TEST(Placement, FragmentationGradientFillsWhatNobodyElseCanUse) {
  // On GPU 0 of node 1 the part leaves 100 that nobody wants, on an untouched one it takes a whole
  // GPU from those who want one.
  EXPECT_EQ(place("fgd", part(400)), (Grant{1, 1}));
  EXPECT_EQ(place("fgd", part(300)), (Grant{2, 2}));
}

TEST(Placement, TopologyKeepsLargeNvlinkGroupsWhole) {
  NodeSpec large = node_of(4);
  NodeSpec small = node_of(4);
  small.link_group = {0, 0, 1, 1};
  const Cluster cluster = cluster_of({large, small});
  PlacementIndex index(cluster, named("topology"));

  EXPECT_EQ(index.best(whole(2)), (Grant{1, 3}));
  EXPECT_EQ(index.best(whole(4)), (Grant{0, 15}));
}

TEST(Placement, NamesWhatThereIsWhenThereIsNone) {
  const Result<PlacementPolicy> policy = find_placement("bestfit");

  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().message,
            "there is no placement 'bestfit'; did you mean 'best-fit'?; there are fgd, first-fit, "
            "best-fit, packing, dot-product, spread, topology");
}

class EveryPlacement : public ::testing::TestWithParam<PlacementPolicy> {};

/// A cluster on which members come and go and nodes fail, with an index of it.
class Churn {
 public:
  explicit Churn(const PlacementPolicy& policy)
      : cluster_(cluster_of(nodes())), index_(cluster_, policy), all_(cluster_.size()) {
    std::iota(all_.begin(), all_.end(), NodeIndex{0});
  }

  /// False when the index does not find what a look at every node finds, or what has no room.
  bool place() {
    const MemberShape& shape = shapes_[below(shapes_.size())];
    index_.mix().observe(shape);
    const auto found = index_.best(shape);
    if (found != index_.best_of(shape, all_)) {
      return false;
    }
    if (!found) {
      return true;
    }
    const bool has_room = cluster_.has_room(*found, shape);
    cluster_.take(*found, shape);
    held_.emplace_back(*found, shape);
    return has_room;
  }

  void change() {
    if (!held_.empty() && below(5) < 2) {
      std::swap(held_[below(held_.size())], held_.back());
      cluster_.give(held_.back().first, held_.back().second);
      held_.pop_back();
    }
    if (below(20) == 0) {
      const auto node = static_cast<NodeIndex>(below(cluster_.size()));
      cluster_.set_up(node, !cluster_.free(node).is_up);
    }
  }

 private:
  static std::vector<NodeSpec> nodes() {
    std::vector<NodeSpec> specs(37);
    for (std::int32_t node = 0; node < 37; ++node) {
      specs[static_cast<std::size_t>(node)] = node_of(node % 9, node % 3, node % 2);
    }
    return specs;
  }
  std::size_t below(std::size_t bound) { return random_() % bound; }

  std::mt19937 random_{7};
  Cluster cluster_;
  PlacementIndex index_;
  std::vector<NodeIndex> all_;
  std::vector<MemberShape> shapes_{
      part(100), part(350), part(700), whole(1), whole(2), whole(4), whole(0, 9000)};
  std::vector<std::pair<Grant, MemberShape>> held_;
};

TEST_P(EveryPlacement, FindsByTheIndexWhatALookAtEveryNodeFinds) {
  Churn churn(GetParam());

  for (int step = 0; step < 3000; ++step) {
    ASSERT_TRUE(churn.place()) << "in step " << step;
    churn.change();
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, EveryPlacement, ::testing::ValuesIn(placements()));

}  // namespace
}  // namespace aion::sched
