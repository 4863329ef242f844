#include "protocol/native/explain_json.h"

#include <gtest/gtest.h>

namespace aion::native {
namespace {

using resource::DeviceId;
using resource::DeviceKind;

constexpr std::uint64_t kGibi = 1ULL << 30U;

resource::Ledger two_devices() {
  const DeviceId cpu{DeviceKind::Cpu, 0};
  const DeviceId gpu{DeviceKind::Gpu, 0};
  return resource::Ledger(
      {{cpu, {4, Bytes{8 * kGibi}, {{"licence", 2}}}}, {gpu, {1, Bytes{kGibi}}}});
}

std::string refusal(std::string_view body) {
  const resource::Ledger ledger = two_devices();
  const auto claims = parse_claims(body, ledger);
  return claims ? "accepted" : claims.error().message;
}

TEST(ParseClaims, ReadsEveryField) {
  const resource::Ledger ledger = two_devices();

  const auto claims = parse_claims(
      R"({"claims":[{"device":"gpu:0","cores":0.5,"memory_bytes":7,"named":{"slot":2},"core_use":"lent"},{}]})",
      ledger);

  ASSERT_TRUE(claims) << claims.error().message;
  ASSERT_EQ(claims->size(), 2U);
  const resource::Claim& first = claims->front();
  EXPECT_EQ(first.device, (DeviceId{DeviceKind::Gpu, 0}));
  EXPECT_EQ(first.quantity.cores, 0.5);
  EXPECT_EQ(first.quantity.memory, Bytes{7});
  ASSERT_EQ(first.quantity.named.size(), 1U);
  EXPECT_EQ(first.quantity.named[0].name, "slot");
  EXPECT_EQ(first.quantity.named[0].amount, 2);
  EXPECT_EQ(first.core_use, resource::CoreUse::Lent);
  EXPECT_EQ(claims->back().device, (DeviceId{DeviceKind::Cpu, 0}));
  EXPECT_EQ(claims->back().quantity.cores, 0);
}

TEST(ParseClaims, NameTheFieldThatIsWrong) {
  EXPECT_EQ(refusal("[]"), "'': expected an object with 'claims', got []");
  EXPECT_EQ(refusal(R"({"claims":[]})"), "'claims': expected a list of 1 to 1000 claims, got []");
  EXPECT_EQ(refusal(R"({"claims":[3]})"), "'claims[0]': expected an object, got 3");
  EXPECT_EQ(refusal(R"({"claims":[{},{"device":"gpu:7"}]})"),
            "'claims[1].device': expected one of cpu:0, gpu:0, got \"gpu:7\"");
  EXPECT_EQ(refusal(R"({"claims":[{"cores":-1}]})"),
            "'claims[0].cores': expected a number from zero up, got -1");
  EXPECT_EQ(refusal(R"({"claims":[{"memory_bytes":1.5}]})"),
            "'claims[0].memory_bytes': expected a whole number from zero up, got 1.5");
  EXPECT_EQ(refusal(R"({"claims":[{"named":{"a":"b"}}]})"),
            "'claims[0].named.a': expected a number from zero up, got \"b\"");
  EXPECT_EQ(refusal(R"({"claims":[{"core_use":1}]})"),
            "'claims[0].core_use': expected any, pinned or lent, got 1");
  EXPECT_EQ(
      refusal(R"({"claims":[{"gpus":1}]})"),
      "'claims[0].gpus': expected device, cores, memory_bytes, named or core_use as its name");
  EXPECT_NE(refusal("{"), "accepted");
}

Json explained(const resource::Ledger& ledger, std::string_view body) {
  const auto claims = parse_claims(body, ledger);
  return explain_json(*ledger.prospect(*claims), TimePoint{});
}

TEST(ExplainJson, SaysThatAClaimFits) {
  const Json json = explained(two_devices(), R"({"claims":[{"cores":4}]})");

  EXPECT_TRUE(json.at("fits").get<bool>());
  EXPECT_EQ(json.at("starts_in_s"), 0);
  EXPECT_EQ(json.at("lacks"), Json::array());
}

TEST(ExplainJson, SaysWhoHoldsWhatIsLackingAndUntilWhen) {
  resource::Ledger ledger = two_devices();
  resource::Claim held;
  held.holder = "training";
  held.device = ledger.device();
  held.quantity.cores = 3;
  held.ends = TimePoint{} + std::chrono::seconds(30);
  const auto lease = ledger.take(held);
  ASSERT_TRUE(lease);

  const Json json = explained(ledger, R"({"claims":[{"cores":2}]})");

  EXPECT_FALSE(json.at("fits").get<bool>());
  EXPECT_FALSE(json.at("never").get<bool>());
  EXPECT_EQ(json.at("starts_in_s"), 30);
  EXPECT_EQ(json.at("lacks").at(0).at("free"), 1);
  EXPECT_EQ(json.at("holders").at(0).at("holder"), "training");
}

TEST(ExplainJson, SaysThatNobodyKnowsWhen) {
  resource::Ledger ledger = two_devices();
  resource::Claim held;
  held.holder = "service";
  held.device = ledger.device();
  held.quantity.cores = 3;
  const auto lease = ledger.take(held);

  EXPECT_TRUE(explained(ledger, R"({"claims":[{"cores":2}]})").at("starts_in_s").is_null());
}

TEST(ExplainJson, SaysNever) {
  const Json json = explained(two_devices(), R"({"claims":[{"named":{"licence":3}}]})");

  EXPECT_TRUE(json.at("never").get<bool>());
  EXPECT_NE(json.at("text").get<std::string>().find("never on this machine"), std::string::npos);
}

}  // namespace
}  // namespace aion::native
