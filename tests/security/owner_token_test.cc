#include "security/owner_token.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion::security {
namespace {

std::string shown(const TemporaryFolder& folder) {
  const std::string text = folder.read("token");
  return "Bearer " + text.substr(0, text.size() - 1);
}

TEST(OwnerToken, IsShownByWhatStandsInItsFile) {
  const TemporaryFolder folder;
  const auto token = OwnerToken::open(folder.path());
  ASSERT_TRUE(token);

  EXPECT_TRUE(token->is_shown_by(shown(folder)));
  EXPECT_FALSE(token->is_shown_by(""));
  EXPECT_FALSE(token->is_shown_by("Bearer "));
  EXPECT_FALSE(token->is_shown_by(shown(folder) + "0"));
  EXPECT_FALSE(token->is_shown_by(shown(folder).substr(7)));
  std::string wrong = shown(folder);
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_FALSE(token->is_shown_by(wrong));
}

TEST(OwnerToken, StaysTheSameAcrossLives) {
  const TemporaryFolder folder;
  ASSERT_TRUE(OwnerToken::open(folder.path()));
  const std::string before = shown(folder);

  const auto again = OwnerToken::open(folder.path());

  ASSERT_TRUE(again);
  EXPECT_TRUE(again->is_shown_by(before));
}

TEST(OwnerToken, IsReadByItsOwnerAlone) {
  const TemporaryFolder folder;
  ASSERT_TRUE(OwnerToken::open(folder.path()));

  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(folder.path() / "token").permissions(),
            perms::owner_read | perms::owner_write);
}

}  // namespace
}  // namespace aion::security
