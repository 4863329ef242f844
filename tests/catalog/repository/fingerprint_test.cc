#include "catalog/repository/fingerprint.h"

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion::catalog {
namespace {

TEST(Fingerprint, StaysWhileNothingChanges) {
  const TemporaryFolder folder;
  folder.write("1/model.onnx", "weights");

  EXPECT_EQ(fingerprint_of(folder.path() / "1", "c"), fingerprint_of(folder.path() / "1", "c"));
  EXPECT_NE(fingerprint_of(folder.path() / "1", "c"), "");
}

TEST(Fingerprint, ChangesWithTheConfigurationAndWithAnyFile) {
  const TemporaryFolder folder;
  folder.write("1/model.onnx", "weights");
  const auto version = folder.path() / "1";
  const std::string before = fingerprint_of(version, "c");
  EXPECT_NE(fingerprint_of(version, "d"), before);

  folder.write("1/deep/weights.bin", "more");
  const std::string with_more = fingerprint_of(version, "c");
  EXPECT_NE(with_more, before);

  folder.write("1/deep/weights.bin", "other, longer");
  EXPECT_NE(fingerprint_of(version, "c"), with_more);
}

TEST(Fingerprint, OfOneFileDoesNotLookAtItsNeighbours) {
  const TemporaryFolder folder;
  folder.write("a.onnx", "weights");
  const std::string before = fingerprint_of(folder.path() / "a.onnx", "");

  folder.write("b.onnx", "weights");

  EXPECT_EQ(fingerprint_of(folder.path() / "a.onnx", ""), before);
}

TEST(Fingerprint, IsUnknownWhereNothingIs) {
  EXPECT_EQ(fingerprint_of("/nowhere/at/all", ""), "");
}

}  // namespace
}  // namespace aion::catalog
