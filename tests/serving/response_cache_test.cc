#include "serving/response_cache.h"

#include <gtest/gtest.h>

#include "tests/serving/fake_instance.h"

namespace aion::serving {
namespace {

runtime::Batch batch_of(const Rows& rows) {
  runtime::Batch batch;
  batch.inputs.push_back(tensor_of(rows));
  batch.outputs = {0};
  return batch;
}

runtime::Response response_of(const Rows& rows) {
  runtime::Response response;
  response.outputs.push_back(tensor_of(rows));
  response.parameters["note"] = std::string("n");
  return response;
}

TEST(ResponseCache, GivesBackWhatWasKept) {
  ResponseCache cache(Bytes::mebi(1));
  const std::string key = ResponseCache::key_of(cache.new_owner(), batch_of({1, 2}));
  EXPECT_FALSE(cache.find(key));

  const runtime::Response given = response_of({3, 4});
  cache.keep(key, given);

  const auto kept = cache.find(key);
  ASSERT_TRUE(kept);
  EXPECT_EQ(rows_in(kept->outputs.at(0)), (Rows{3, 4}));
  EXPECT_NE(kept->outputs.at(0).data.data, given.outputs.at(0).data.data);
  EXPECT_EQ(std::get<std::string>(kept->parameters.at("note")), "n");
}

TEST(ResponseCache, TellsRequestsApartByAllThatTheAnswerDependsOn) {
  const runtime::Batch batch = batch_of({1, 2});
  const std::string key = ResponseCache::key_of(1, batch);
  EXPECT_EQ(ResponseCache::key_of(1, batch_of({1, 2})), key);

  EXPECT_NE(ResponseCache::key_of(2, batch), key);
  EXPECT_NE(ResponseCache::key_of(1, batch_of({1, 3})), key);
  runtime::Batch other = batch;
  other.outputs = {1};
  EXPECT_NE(ResponseCache::key_of(1, other), key);
  other = batch;
  other.inputs[0].shape = {1, 2};
  EXPECT_NE(ResponseCache::key_of(1, other), key);
  other = batch;
  other.inputs[0].dtype = tensor::DataType::Int32;
  EXPECT_NE(ResponseCache::key_of(1, other), key);
  other = batch;
  other.parameters["a"] = true;
  const std::string with_flag = ResponseCache::key_of(1, other);
  EXPECT_NE(with_flag, key);
  other.parameters["a"] = std::int64_t{1};
  EXPECT_NE(ResponseCache::key_of(1, other), with_flag);
  other = batch;
  other.inputs.emplace_back();
  EXPECT_NE(ResponseCache::key_of(1, other), key);
}

TEST(ResponseCache, TellsStringsOfOtherLengthsApart) {
  const auto key_of = [](std::vector<std::string_view> texts) {
    runtime::Batch batch;
    batch.inputs.push_back(
        tensor::bytes_from_values(texts, {static_cast<std::int64_t>(texts.size())}));
    return ResponseCache::key_of(1, batch);
  };
  EXPECT_NE(key_of({"ab", "c"}), key_of({"a", "bc"}));
}

TEST(ResponseCache, LetsTheOneGoThatWasNotAskedForForLongest) {
  ResponseCache cache(Bytes{5'000});
  const Rows rows(100, 1.0F);
  for (const char* const key : {"a", "b", "c"}) {
    cache.keep(key, response_of(rows));
  }
  EXPECT_TRUE(cache.find("a"));
  EXPECT_LE(cache.bytes(), 5'000U);

  cache.keep("d", response_of(rows));

  EXPECT_LE(cache.bytes(), 5'000U);
  EXPECT_TRUE(cache.find("a"));
  EXPECT_FALSE(cache.find("b"));
  EXPECT_TRUE(cache.find("d"));
}

TEST(ResponseCache, KeepsNothingThatIsLargerThanAllOfIt) {
  ResponseCache cache(Bytes{1'000});

  cache.keep("a", response_of(Rows(1'000)));

  EXPECT_FALSE(cache.find("a"));
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(ResponseCache, CountsAnAnswerThatComesTwiceOnce) {
  ResponseCache cache(Bytes::mebi(1));
  cache.keep("a", response_of({1}));
  const std::size_t once = cache.bytes();

  cache.keep("a", response_of({1}));

  EXPECT_EQ(cache.bytes(), once);
}

}  // namespace
}  // namespace aion::serving
