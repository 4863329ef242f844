#include "sched/cluster/gang_placer.h"

#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/cluster/placements.h"
#include "tests/sched/cluster/reference.h"
#include "tests/sched/cluster/shapes.h"

namespace aion::sched {
namespace {

using testing::cluster_of;
using testing::gang_of;
using testing::node_of;
using testing::part;
using testing::whole;

/// A cluster with a placer on it.
struct Bed {
  explicit Bed(std::vector<NodeSpec> nodes, std::string_view policy = "best-fit")
      : cluster(cluster_of(std::move(nodes))), index(cluster, *find_placement(policy)) {}

  std::vector<Grant> place(const Gang& gang) {
    GangPlacer placer(cluster, index);
    Transaction transaction(cluster);
    std::vector<Grant> places = placer.place(gang, gang.members.size(), transaction);
    transaction.keep();
    return places;
  }

  [[nodiscard]] std::set<std::int32_t> racks(const std::vector<Grant>& places) const {
    std::set<std::int32_t> racks;
    for (const Grant& place : places) {
      racks.insert(cluster.spec(place.node).rack);
    }
    return racks;
  }

  Cluster cluster;
  PlacementIndex index;
};

TEST(GangPlacer, PlacesAllMembersOrNone) {
  Bed bed({node_of(2), node_of(2)});

  EXPECT_TRUE(bed.place(gang_of(whole(1), 5)).empty());
  EXPECT_EQ(bed.cluster.usable(), bed.cluster.installed());
  EXPECT_EQ(bed.place(gang_of(whole(1), 4)).size(), 4U);
}

TEST(GangPlacer, PlacesAsManyAsFitOfAnElasticGang) {
  Bed bed({node_of(2), node_of(1)});
  Gang gang = gang_of(whole(1), 6);
  gang.least = 2;

  EXPECT_EQ(bed.place(gang).size(), 3U);
}

TEST(GangPlacer, KeepsAGangInTheRackThatHasJustEnough) {
  Bed bed({node_of(8, 0), node_of(4, 1), node_of(4, 2), node_of(2, 2)});
  Gang gang = gang_of(whole(2), 3);
  gang.nearness = Nearness::Rack;

  EXPECT_EQ(bed.racks(bed.place(gang)), (std::set<std::int32_t>{2}));
}

TEST(GangPlacer, UsesTheFewestRacksWhereOneIsTooSmall) {
  Bed bed({node_of(1, 0), node_of(2, 1), node_of(4, 2), node_of(3, 3)}, "topology");

  EXPECT_EQ(bed.racks(bed.place(gang_of(whole(1), 6))), (std::set<std::int32_t>{1, 2}));
}

TEST(GangPlacer, PlacesNothingWhereTheRequiredRackIsTooSmall) {
  Bed bed({node_of(4, 0), node_of(4, 1)});
  Gang gang = gang_of(whole(1), 6);
  gang.nearness = Nearness::Rack;
  gang.is_nearness_required = true;

  EXPECT_TRUE(bed.place(gang).empty());
  gang.members.resize(4);
  EXPECT_EQ(bed.place(gang).size(), 4U);
}

TEST(GangPlacer, TellsRacksOfTwoZonesApart) {
  NodeSpec other = node_of(2, 1);
  other.zone = 1;
  Bed bed({node_of(2, 1), other});
  Gang gang = gang_of(whole(1), 4);
  gang.nearness = Nearness::Rack;
  gang.is_nearness_required = true;

  EXPECT_TRUE(bed.place(gang).empty());
}

TEST(GangPlacer, PlacesTheLargeMembersOfAMixedGangFirst) {
  Bed bed({node_of(4), node_of(1)}, "spread");
  Gang gang = gang_of(whole(1), 2);
  gang.members[1] = whole(4);

  const std::vector<Grant> places = bed.place(gang);

  ASSERT_EQ(places.size(), 2U);
  EXPECT_EQ(places[0].node, 1U);
  EXPECT_EQ(places[1].node, 0U);
}

/// Takes parts of GPUs here and there, in the bed and in its plain copy.
void fill_partly(Bed& bed, testing::PlainCluster& plain, std::mt19937& random) {
  for (int i = 0; i < 8; ++i) {
    const MemberShape shape = part(100 + 100 * static_cast<std::int32_t>(random() % 10));
    if (const auto place = bed.index.best(shape)) {
      bed.cluster.take(*place, shape);
      testing::take(plain, *place, shape, 1);
    }
  }
}

Gang random_gang(std::mt19937& random) {
  MemberShape shape = part(100 + 150 * static_cast<std::int32_t>(random() % 6));
  shape.gpus = 1 + static_cast<std::int32_t>(random() % 2);
  Gang gang = gang_of(shape, 1 + random() % 3);
  gang.nearness = Nearness::Rack;
  gang.is_nearness_required = random() % 2 == 0;
  return gang;
}

/// Every way to place the members is tried, and there is one exactly when the placer finds one.
TEST(GangPlacer, FindsPlacesForMembersThatAreAlikeWheneverThereAreAny) {
  std::mt19937 random(11);
  std::vector<std::size_t> wrong;  // rounds
  int placed = 0;
  for (std::size_t round = 0; round < 400; ++round) {
    const PlacementPolicy& policy = placements()[round % placements().size()];
    Bed bed({node_of(2, 0), node_of(3, 0), node_of(2, 1)}, policy.name);
    testing::PlainCluster plain = testing::plain(bed.cluster);
    fill_partly(bed, plain, random);
    const Gang gang = random_gang(random);

    const bool is_possible = testing::fits(plain, gang);

    placed += is_possible ? 1 : 0;
    if (bed.place(gang).empty() == is_possible) {
      wrong.push_back(round);
    }
  }
  EXPECT_EQ(wrong, std::vector<std::size_t>{});
  EXPECT_THAT(placed, ::testing::AllOf(::testing::Gt(100), ::testing::Lt(300)));
}

}  // namespace
}  // namespace aion::sched
