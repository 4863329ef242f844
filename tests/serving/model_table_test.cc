#include "serving/model_table.h"

#include <thread>

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

std::shared_ptr<LoadedVersion> loaded(std::int64_t number) {
  catalog::ModelVersion version;
  version.name = "cat";
  version.number = number;
  return std::make_shared<LoadedVersion>(version, nullptr, nullptr);
}

TEST(ModelTable, AnswersWithTheHighestVersionThatIsReady) {
  ModelTable table;
  table.edit([](Models& models) {
    models["cat"].versions[2] = {VersionState::Ready, "", loaded(2)};
    models["cat"].versions[10] = {VersionState::Ready, "", loaded(10)};
    models["cat"].versions[11] = {VersionState::Loading, "", nullptr};
  });

  EXPECT_EQ((*table.find("cat", 0))->version.number, 10);
  EXPECT_EQ((*table.find("cat", 2))->version.number, 2);
}

TEST(ModelTable, SaysOfWhatIsMissingWhatTritonSays) {
  ModelTable table;
  table.edit([](Models& models) {
    models["cat"].versions[1] = {VersionState::Unavailable, "unloaded", nullptr};
  });

  EXPECT_EQ(table.find("dog", 0).error().code, Code::NotFound);
  EXPECT_EQ(table.find("dog", 0).error().message, "Request for unknown model: 'dog' is not found");
  EXPECT_EQ(table.find("cat", 0).error().message,
            "Request for unknown model: 'cat' has no available versions");
  EXPECT_EQ(table.find("cat", 7).error().message,
            "Request for unknown model: 'cat' version 7 is not found");
  EXPECT_EQ(table.find("cat", 1).error().code, Code::Unavailable);
  EXPECT_EQ(table.find("cat", 1).error().message,
            "Request for unknown model: 'cat' version 1 is not at ready state");
}

TEST(ModelTable, ASnapshotDoesNotChangeUnderItsReader) {
  ModelTable table;
  table.edit([](Models& models) { models["cat"].reason = "first"; });

  const auto before = table.snapshot();
  table.edit([](Models& models) { models.clear(); });

  EXPECT_EQ(before->at("cat").reason, "first");
  EXPECT_TRUE(table.snapshot()->empty());
}

TEST(ModelTable, LosesNoEditOfSeveralThreads) {
  ModelTable table;
  constexpr int kEdits = 200;
  const auto edit = [&](const char* name) {
    for (int i = 1; i <= kEdits; ++i) {
      table.edit([&](Models& models) { models[name].versions.try_emplace(i); });
    }
  };
  {
    const std::jthread one(edit, "cat");
    const std::jthread other(edit, "dog");
  }

  EXPECT_EQ(table.snapshot()->at("cat").versions.size(), 200U);
  EXPECT_EQ(table.snapshot()->at("dog").versions.size(), 200U);
}

}  // namespace
}  // namespace aion::serving
