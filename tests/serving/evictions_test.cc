#include "serving/evictions.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::serving {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ModelHistory model(double requests,
                   std::int64_t last_ms,
                   std::uint64_t mebi,
                   std::int64_t reload_ms) {
  return {
      requests, TimePoint{milliseconds(last_ms)}, Bytes::mebi(mebi), milliseconds(reload_ms), 0};
}

TEST(Evictions, LruTakesTheOneThatWasNotUsedForTheLongestTime) {
  const std::vector<ModelHistory> models{
      model(100, 10, 1, 1), model(1, 30, 1, 1), model(9, 20, 1, 1)};

  EXPECT_THAT(choose_victims(models, Bytes::mebi(1), lru_score), ElementsAre(0));
  EXPECT_THAT(choose_victims(models, Bytes::mebi(2), lru_score), ElementsAre(0, 2));
}

TEST(Evictions, GdsfTakesTheOneThatIsCheapestToBringBackForItsMemory) {
  const std::vector<ModelHistory> models{
      model(100, 10, 100, 100), model(1, 30, 100, 100), model(1, 20, 100, 900)};

  EXPECT_THAT(choose_victims(models, Bytes::mebi(1), gdsf_score), ElementsAre(1));
  EXPECT_THAT(choose_victims(models, Bytes::mebi(150), gdsf_score), ElementsAre(1, 2));
}

TEST(Evictions, GdsfForgetsWhatWasPopularLongAgo) {
  ModelHistory old = model(100, 0, 100, 100);
  ModelHistory young = model(1, 50, 100, 100);
  young.age_at_use = 1;

  EXPECT_LT(gdsf_score(old), gdsf_score(young));
}

TEST(Evictions, LeaveAModelThatALargerOneMakesUnnecessary) {
  const std::vector<ModelHistory> models{
      model(1, 1, 10, 1), model(1, 2, 20, 1), model(1, 3, 100, 1)};

  EXPECT_THAT(choose_victims(models, Bytes::mebi(90), lru_score), ElementsAre(2));
  EXPECT_THAT(choose_victims(models, Bytes::mebi(115), lru_score), ElementsAre(1, 2));
}

TEST(Evictions, TakeNobodyWhenAllTogetherAreNotEnough) {
  const std::vector<ModelHistory> models{model(1, 1, 10, 1), model(1, 2, 20, 1)};

  EXPECT_THAT(choose_victims(models, Bytes::mebi(31), gdsf_score), IsEmpty());
  EXPECT_THAT(choose_victims({}, Bytes{1}, gdsf_score), IsEmpty());
}

TEST(Evictions, ThatHaveAnUnknownNameListTheKnownOnes) {
  const auto found = find_eviction_policy("fifo");

  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("gdsf, lru"));
  EXPECT_EQ(find_eviction_policy("lru")->score, lru_score);
  EXPECT_EQ(eviction_policies().front().name, "gdsf");
}

/// 40 models of 5 to 200 MB, 1.8 times what there is room for, requests by Zipf's law: the time
/// that loads take when they go by the size of what is loaded.
double load_time(EvictionScore score, double exponent, std::uint32_t seed) {
  constexpr std::size_t kModels = 40;
  constexpr std::size_t kRequests = 20'000;
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<ModelHistory> models(kModels);
  std::vector<double> popularity(kModels);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kModels; ++i) {
    const double mebi = 5 * std::pow(40.0, unit(random));
    models[i].memory = Bytes{static_cast<std::uint64_t>(mebi * 1048576)};
    models[i].reload =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(0.02 + mebi / 500));
    popularity[i] = 1 / std::pow(static_cast<double>(i + 1), exponent);
    total += models[i].memory.count;
  }
  std::shuffle(popularity.begin(), popularity.end(), random);
  std::discrete_distribution<std::size_t> next(popularity.begin(), popularity.end());
  const std::uint64_t budget = total * 10 / 18;
  std::vector<bool> is_in(kModels, false);
  std::uint64_t held = 0;
  double age = 0;
  double seconds = 0;
  for (std::size_t i = 0; i < kRequests; ++i) {
    const std::size_t wanted = next(random);
    for (ModelHistory& one : models) {
      one.requests *= std::exp2(-1.0 / 4096);
    }
    models[wanted].requests += 1;
    models[wanted].last_used = TimePoint{milliseconds(i + 1)};
    models[wanted].age_at_use = age;
    if (is_in[wanted]) {
      continue;
    }
    std::vector<ModelHistory> there;
    std::vector<std::size_t> names;
    for (std::size_t j = 0; j < kModels; ++j) {
      if (is_in[j]) {
        there.push_back(models[j]);
        names.push_back(j);
      }
    }
    const std::uint64_t after = held + models[wanted].memory.count;
    if (after > budget) {
      for (const std::size_t victim : choose_victims(there, Bytes{after - budget}, score)) {
        age = std::max(age, score(there[victim]));
        is_in[names[victim]] = false;
        held -= there[victim].memory.count;
      }
    }
    is_in[wanted] = true;
    held += models[wanted].memory.count;
    EXPECT_LE(held, budget);
    seconds += std::chrono::duration<double>(models[wanted].reload).count();
  }
  return seconds;
}

TEST(Evictions, ByGdsfSpendLessTimeOnLoadsThanByLru) {
  for (const double exponent : {0.6, 1.0, 1.2}) {
    std::vector<double> ratios;
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
      ratios.push_back(load_time(gdsf_score, exponent, seed) /
                       load_time(lru_score, exponent, seed));
    }
    std::ranges::sort(ratios);
    const double median = (ratios[4] + ratios[5]) / 2;
    RecordProperty("zipf_" + std::to_string(exponent), std::to_string(median));
    EXPECT_LE(median, exponent < 1 ? 0.9 : 0.85) << "Zipf " << exponent;
  }
}

}  // namespace
}  // namespace aion::serving
