#include "serving/remembered_names.h"

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion::serving {
namespace {

TEST(RememberedNames, AreThereAfterARestart) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "models.json";
  {
    RememberedNames names(file);
    EXPECT_TRUE(names.load()->empty());
    ASSERT_TRUE(names.add("a"));
    ASSERT_TRUE(names.add("b \"quoted\""));
    ASSERT_TRUE(names.remove("a"));
    ASSERT_TRUE(names.remove("never there"));
  }

  RememberedNames again(file);

  EXPECT_EQ(*again.load(), (std::set<std::string>{"b \"quoted\""}));
}

TEST(RememberedNames, SayThatTheirFileIsNoList) {
  const TemporaryFolder folder;
  folder.write("models.json", "{\"a\": 1}");
  RememberedNames names(folder.path() / "models.json");

  const auto refused = names.load();

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::InvalidArgument);
}

TEST(RememberedNames, FailWhenTheyCannotBeWritten) {
  RememberedNames names("/nowhere/at/all/models.json");

  EXPECT_FALSE(names.add("a"));
}

}  // namespace
}  // namespace aion::serving
