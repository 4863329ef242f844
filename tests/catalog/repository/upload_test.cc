#include "catalog/repository/upload.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion::catalog {
namespace {

namespace fs = std::filesystem;

TEST(Upload, KeepsItsFilesUntilItGoes) {
  const TemporaryFolder folder;
  const fs::path uploads = folder.path() / "uploads";

  auto upload = Upload::write(uploads, "m", {{"1/model.onnx", std::string("a\0b", 3)}});

  ASSERT_TRUE(upload);
  const fs::path file = (*upload)->root() / "m" / "1" / "model.onnx";
  std::ifstream in(file, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), std::string("a\0b", 3));
  *upload = nullptr;
  EXPECT_TRUE(fs::is_empty(uploads));
}

TEST(Upload, RefusesPathsThatLeaveTheModel) {
  const TemporaryFolder folder;
  for (const std::string path : {"", "..", "../x", "1/../../x", "/etc/x", "1//./x", "."}) {
    const auto upload = Upload::write(folder.path(), "m", {{path, "x"}});
    ASSERT_FALSE(upload) << path;
    EXPECT_EQ(upload.error().code, Code::InvalidArgument) << path;
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Upload, LeavesNothingBehindWhenAFileCannotBeWritten) {
  const TemporaryFolder folder;

  const auto upload = Upload::write(folder.path(), "m", {{"1", "x"}, {"1/model.onnx", "y"}});

  ASSERT_FALSE(upload);
  EXPECT_EQ(upload.error().code, Code::Unavailable);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace aion::catalog
