#include "protocol/kserve/http_route.h"

#include <gtest/gtest.h>

namespace aion::kserve {
namespace {

TEST(HttpRoute, FindsTheServersMetadataAtTheRoot) {
  EXPECT_EQ(route_of("/v2").call, HttpCall::ServerMetadata);
}

TEST(HttpRoute, LeavesTheRootWithASlashToOthers) {
  EXPECT_EQ(route_of("/v2/").call, HttpCall::None);
}

TEST(HttpRoute, FindsModelAndVersionOfAnInference) {
  const HttpRoute route = route_of("/v2/models/res%6Eet/versions/3/infer");

  EXPECT_EQ(route.call, HttpCall::Infer);
  EXPECT_EQ(route.model, "res%6Eet");
  EXPECT_EQ(route.version, "3");
}

TEST(HttpRoute, TakesOnlyPostForAnInference) {
  const HttpRoute route = route_of("/v2/models/m/infer");

  EXPECT_TRUE(route.takes(net::HttpMethod::Post));
  EXPECT_FALSE(route.takes(net::HttpMethod::Get));
  EXPECT_FALSE(route.takes(net::HttpMethod::Put));
}

TEST(HttpRoute, GivesTheStatisticsOfAllModelsRatherThanAModelCalledStats) {
  EXPECT_EQ(route_of("/v2/models/stats").call, HttpCall::AllStatistics);
  EXPECT_EQ(route_of("/v2/models/m/stats").call, HttpCall::ModelStatistics);
}

TEST(HttpRoute, KnowsAModelThatIsCalledLikeAVerb) {
  const HttpRoute route = route_of("/v2/models/versions/versions/1/ready");

  EXPECT_EQ(route.call, HttpCall::ModelReady);
  EXPECT_EQ(route.model, "versions");
}

TEST(HttpRoute, FindsNothingForAVersionThatIsNoNumber) {
  EXPECT_EQ(route_of("/v2/models/m/versions/abc").call, HttpCall::None);
  EXPECT_EQ(route_of("/v2/models/m/versions/-1/infer").call, HttpCall::None);
  EXPECT_EQ(route_of("/v2/models/m/versions").call, HttpCall::None);
}

TEST(HttpRoute, ToleratesNoSlashAtTheEnd) {
  EXPECT_EQ(route_of("/v2/health/live").call, HttpCall::Live);
  EXPECT_EQ(route_of("/v2/health/live/").call, HttpCall::None);
  EXPECT_EQ(route_of("/v2/models/m/").call, HttpCall::None);
}

TEST(HttpRoute, TellsARepositoryWithANameFromTheOneWithout) {
  EXPECT_EQ(route_of("/v2/repository/models/m/load").call, HttpCall::ModelLoad);
  EXPECT_EQ(route_of("/v2/repository/models/m/unload").call, HttpCall::ModelUnload);
  EXPECT_EQ(route_of("/v2/repository/other/models/m/load").call, HttpCall::NamedRepository);
  EXPECT_EQ(route_of("/v2/repository/index").call, HttpCall::RepositoryIndex);
  EXPECT_EQ(route_of("/v2/repository/other/index").call, HttpCall::RepositoryIndex);
}

TEST(HttpRoute, HasNoTraceSettingOfAVersion) {
  EXPECT_EQ(route_of("/v2/models/m/trace/setting").call, HttpCall::Trace);
  EXPECT_EQ(route_of("/v2/models/m/versions/1/trace/setting").call, HttpCall::None);
}

TEST(HttpRoute, KnowsThePathsOfSharedMemory) {
  EXPECT_EQ(route_of("/v2/systemsharedmemory/status").call, HttpCall::SharedMemory);
  EXPECT_EQ(route_of("/v2/cudasharedmemory/region/r/register").call, HttpCall::SharedMemory);
  EXPECT_EQ(route_of("/v2/cudasharedmemory/register").call, HttpCall::None);
}

TEST(HttpRoute, FindsNothingForAPathThatIsLongerThanAny) {
  EXPECT_EQ(route_of("/v2/models/m/versions/1/infer/x/y").call, HttpCall::None);
}

}  // namespace
}  // namespace aion::kserve
