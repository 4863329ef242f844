#include "cli/top_view.h"

#include <chrono>

#include <gtest/gtest.h>

#include "cli/terminal.h"

namespace aion::cli {
namespace {

Json model(const char* name, int requests, double total_ms) {
  const double ns = total_ms * 1e6;
  return {{"name", name},
          {"version", 1},
          {"state", "READY"},
          {"reason", ""},
          {"waiting", 2},
          {"failed", 0},
          {"requests", requests},
          {"rows", 2 * requests},
          {"total_ns", ns},
          {"queue_ns", ns / 4},
          {"run_ns", ns / 2},
          {"leases", Json::array()}};
}

Look look(int second, const std::vector<Json>& models) {
  Look look;
  look.at = std::chrono::steady_clock::time_point{} + std::chrono::seconds(second);
  look.status = Json::parse(R"({"version":"1","pid":7,"models":{"ready":2,"not_ready":0}})");
  look.devices = Json::parse(
      R"({"devices":[{"id":"cpu:0","name":"a CPU","capacity":{"cores":4,"memory_bytes":1073741824},
    "free":{"cores":1,"memory_bytes":536870912},"usage":{"busy":0.5},"leases":[
    {"holder":"inference","cores":3,"memory_bytes":0,"core_use":"any"},
    {"holder":"small","cores":3,"memory_bytes":0,"core_use":"lent"}]}],"pressure":{"cpu":{"some_10s":12.0}}})");
  look.models["models"] = models;
  return look;
}

TEST(ActivityBetween, HasRatesAndMeansOfTheTimeBetween) {
  const auto activity =
      activity_between(look(0, {model("a", 100, 50)}), look(2, {model("a", 300, 90)}));

  ASSERT_TRUE(activity);
  const Json& one = activity->at("models").at(0);
  EXPECT_DOUBLE_EQ(one.at("requests_per_s").get<double>(), 100);
  EXPECT_DOUBLE_EQ(one.at("rows_per_s").get<double>(), 200);
  EXPECT_DOUBLE_EQ(one.at("failed_per_s").get<double>(), 0);
  EXPECT_DOUBLE_EQ(one.at("mean_ms").get<double>(), 0.2);
  EXPECT_DOUBLE_EQ(one.at("queue_ms").get<double>(), 0.05);
  EXPECT_DOUBLE_EQ(one.at("run_ms").get<double>(), 0.1);
}

TEST(ActivityBetween, HasNoMeanOfNoRequest) {
  const auto activity =
      activity_between(look(0, {model("a", 100, 50)}), look(2, {model("a", 100, 50)}));

  const Json& one = activity->at("models").at(0);
  EXPECT_EQ(one.at("requests_per_s").get<double>(), 0);
  EXPECT_FALSE(one.contains("mean_ms"));
}

TEST(ActivityBetween, HasNoRateOfAModelThatWasLoadedAnewOrOfOneLook) {
  const Look now = look(2, {model("a", 10, 5), model("b", 1, 1)});
  const auto anew = activity_between(look(0, {model("a", 100, 50)}), now);
  const auto same = activity_between(now, now);

  for (const Json& one : anew->at("models")) {
    EXPECT_FALSE(one.contains("requests_per_s")) << one;
  }
  for (const Json& one : same->at("models")) {
    EXPECT_FALSE(one.contains("requests_per_s")) << one;
  }
}

TEST(ActivityBetween, PutsTheBusiestModelFirst) {
  const auto activity = activity_between(look(0, {model("a", 0, 0), model("b", 0, 0)}),
                                         look(1, {model("a", 1, 1), model("b", 9, 1)}));

  EXPECT_EQ(activity->at("models").at(0).at("name"), "b");
}

TEST(TopText, ShowsDevicesLeasesAndModels) {
  const auto activity =
      activity_between(look(0, {model("a", 100, 50)}), look(2, {model("a", 300, 90)}));

  const auto text = top_text(*activity);

  ASSERT_TRUE(text);
  EXPECT_NE(text->find("[##########          ]  50 %"), std::string::npos) << *text;
  EXPECT_NE(text->find("512.0 MiB of 1.0 GiB"), std::string::npos) << *text;
  EXPECT_NE(text->find("inference"), std::string::npos) << *text;
  EXPECT_EQ(text->find("small"), std::string::npos) << "holds nothing: " << *text;
  EXPECT_NE(text->find("for cpu 12 %"), std::string::npos) << *text;
  EXPECT_NE(text->find("100.0"), std::string::npos) << *text;
}

TEST(Cut, CountsCharacters) {
  EXPECT_EQ(cut("abc", 2), "ab");
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("äöü", 2), "äö");
  EXPECT_EQ(cut("", 2), "");
  EXPECT_EQ(cut("abc", 0), "");
}

}  // namespace
}  // namespace aion::cli
