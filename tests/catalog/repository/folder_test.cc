// Models are found in folders, and what is no model says why.
#include "catalog/repository/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/temporary_folder.h"

namespace aion::catalog {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<std::int64_t> numbers(const Model& model) {
  std::vector<std::int64_t> all;
  for (const ModelVersion& version : model.versions) {
    all.push_back(version.number);
  }
  return all;
}

TEST(FolderRepository, TakesABareFileAsVersionOne) {
  const TemporaryFolder root;
  root.write("plain.onnx", "x");

  const auto model = FolderRepository({root.path()}).find("plain");

  ASSERT_TRUE(model) << model.error().message;
  ASSERT_EQ(numbers(*model), std::vector<std::int64_t>{1});
  EXPECT_EQ(model->versions[0].backend, "onnx");
  EXPECT_EQ(model->versions[0].platform, "onnxruntime_onnx");
  EXPECT_EQ(model->versions[0].path.filename(), "plain.onnx");
}

TEST(FolderRepository, TakesTheHighestVersionOfTheTritonLayout) {
  const TemporaryFolder root;
  root.write("net/1/model.onnx", "x");
  root.write("net/10/model.onnx", "x");
  root.write("net/9/model.onnx", "x");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(numbers(*model), std::vector<std::int64_t>{10});
}

TEST(FolderRepository, TakesAllVersionsInAscendingOrderWhenThePolicySaysSo) {
  const TemporaryFolder root;
  root.write("net/config.pbtxt", "version_policy { all { } }");
  root.write("net/10/model.onnx", "x");
  root.write("net/9/model.onnx", "x");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(numbers(*model), (std::vector<std::int64_t>{9, 10}));
}

TEST(FolderRepository, IgnoresVersionFoldersThatAreNoPlainDecimals) {
  const TemporaryFolder root;
  root.write("net/config.pbtxt", "version_policy { all { } }");
  root.write("net/2/model.onnx", "x");
  root.write("net/03/model.onnx", "x");
  root.write("net/0/model.onnx", "x");
  root.write("net/4x/model.onnx", "x");
  root.write("net/99999999999999999999/model.onnx", "x");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(numbers(*model), std::vector<std::int64_t>{2});
}

TEST(FolderRepository, PassesOverAVersionWhoseFileIsNotThereYet) {
  const TemporaryFolder root;
  root.write("net/1/model.onnx", "x");
  root.make_folder("net/2");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(numbers(*model), std::vector<std::int64_t>{1});
}

TEST(FolderRepository, TakesASingleFileInTheModelsFolderAsVersionOne) {
  const TemporaryFolder root;
  root.write("net/weights.onnx", "x");
  root.write("net/README.md", "x");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(numbers(*model), std::vector<std::int64_t>{1});
  EXPECT_EQ(model->versions[0].path.filename(), "weights.onnx");
}

TEST(FolderRepository, RefusesAFolderWithTwoFilesAndNoVersion) {
  const TemporaryFolder root;
  root.write("net/a.onnx", "x");
  root.write("net/b.onnx", "x");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message,
            "model 'net': no version folder and 2 .onnx files, expected net/1/model.onnx");
}

TEST(FolderRepository, GivesABackendWithoutFilesTheVersionsFolder) {
  const TemporaryFolder root;
  root.write("lesson/config.pbtxt",
             "backend: 'echo' parameters { key: 'mode' value { string_value: 'delay' } }");
  root.make_folder("lesson/1");

  const auto model = FolderRepository({root.path()}).find("lesson");

  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->versions[0].backend, "echo");
  EXPECT_EQ(model->versions[0].platform, "echo");
  EXPECT_EQ(model->versions[0].path.filename(), "1");
  EXPECT_EQ(model->versions[0].parameters.at("mode"), "delay");
}

TEST(FolderRepository, OpensTheFileThatTheConfigurationNames) {
  const TemporaryFolder root;
  root.write("net/config.pbtxt", "default_model_filename: 'small.onnx'");
  root.write("net/1/model.onnx", "x");
  root.write("net/1/small.onnx", "x");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->versions[0].path.filename(), "small.onnx");
}

TEST(FolderRepository, SaysWhenNoVersionHoldsTheFile) {
  const TemporaryFolder root;
  root.make_folder("net/1");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::InvalidArgument);
  EXPECT_EQ(model.error().message, "model 'net': no version folder holds the file 'model.onnx'");
}

TEST(FolderRepository, SaysWhenThePolicyAsksForVersionsThatAreNotThere) {
  const TemporaryFolder root;
  root.write("net/config.pbtxt", "version_policy { specific { versions: [ 7 ] } }");
  root.write("net/1/model.onnx", "x");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message, HasSubstr("version_policy"));
}

TEST(FolderRepository, SortsFindingsByNameAndIgnoresWhatIsNoModel) {
  const TemporaryFolder root;
  root.write("b.onnx", "x");
  root.write("a/1/model.onnx", "x");
  root.write("README.md", "x");
  root.write(".hidden/1/model.onnx", "x");
  root.write(".cache.onnx", "x");

  const auto findings = FolderRepository({root.path()}).scan();

  ASSERT_TRUE(findings);
  ASSERT_EQ(findings->size(), 2U);
  EXPECT_EQ((*findings)[0].name, "a");
  EXPECT_EQ((*findings)[1].name, "b");
}

TEST(FolderRepository, KeepsABrokenModelAsAFindingBesideTheGoodOnes) {
  const TemporaryFolder root;
  root.write("bad/config.pbtxt", "max_batch_size: many");
  root.write("bad/1/model.onnx", "x");
  root.write("good/1/model.onnx", "x");

  const auto findings = FolderRepository({root.path()}).scan();

  ASSERT_TRUE(findings);
  ASSERT_EQ(findings->size(), 2U);
  EXPECT_FALSE((*findings)[0].model);
  EXPECT_TRUE((*findings)[1].model);
}

TEST(FolderRepository, RefusesANameThatTwoRootsHold) {
  const TemporaryFolder first;
  const TemporaryFolder second;
  first.write("net/1/model.onnx", "x");
  second.write("net.onnx", "x");
  const FolderRepository repository({first.path(), second.path()});

  const auto model = repository.find("net");
  const auto findings = repository.scan();

  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message,
              AllOf(HasSubstr("'net' is there 2 times"), HasSubstr("net.onnx")));
  ASSERT_TRUE(findings);
  ASSERT_EQ(findings->size(), 1U);
  EXPECT_FALSE((*findings)[0].model);
}

TEST(FolderRepository, RefusesALinkOutOfTheRoot) {
  const TemporaryFolder outside;
  const TemporaryFolder root;
  outside.write("secret/1/model.onnx", "x");
  outside.write("secret.onnx", "x");
  root.make_folder("file/1");
  root.make_folder("version");
  std::filesystem::create_directory_symlink(outside.path() / "secret", root.path() / "folder");
  std::filesystem::create_directory_symlink(outside.path() / "secret/1", root.path() / "version/1");
  std::filesystem::create_symlink(outside.path() / "secret.onnx",
                                  root.path() / "file/1/model.onnx");
  std::filesystem::create_symlink(outside.path() / "secret.onnx", root.path() / "bare.onnx");
  const FolderRepository repository({root.path()});

  for (const std::string_view name : {"folder", "version", "file", "bare"}) {
    const auto model = repository.find(name);

    ASSERT_FALSE(model) << name;
    EXPECT_THAT(model.error().message, HasSubstr("link out of the model repository"));
  }
}

TEST(FolderRepository, FollowsALinkThatStaysBelowTheRoot) {
  const TemporaryFolder root;
  root.write("net/1/model.onnx", "x");
  std::filesystem::create_directory_symlink(root.path() / "net", root.path() / "alias");

  const auto model = FolderRepository({root.path()}).find("alias");

  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->name, "alias");
}

TEST(FolderRepository, AcceptsARootThatIsALinkItself) {
  const TemporaryFolder parent;
  parent.write("real/net.onnx", "x");
  std::filesystem::create_directory_symlink(parent.path() / "real", parent.path() / "link");

  EXPECT_TRUE(FolderRepository({parent.path() / "link"}).find("net"));
}

TEST(FolderRepository, RefusesNamesThatAreNoPlainFileNames) {
  const TemporaryFolder root;
  root.write("net/1/model.onnx", "x");
  const FolderRepository repository({root.path()});

  for (const std::string_view name : {"", ".", "..", "../net", "net/1", "/net", ".net"}) {
    const auto model = repository.find(name);

    ASSERT_FALSE(model) << name;
    EXPECT_EQ(model.error().code, Code::InvalidArgument) << name;
  }
}

TEST(FolderRepository, TellsAnUnknownNameFromABrokenOne) {
  const TemporaryFolder root;

  const auto model = FolderRepository({root.path()}).find("nothing");

  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::NotFound);
}

TEST(FolderRepository, RefusesAConfigurationOfMoreThanOneMebibyte) {
  const TemporaryFolder root;
  root.write("net/config.pbtxt", "# " + std::string(1U << 20U, 'x'));
  root.write("net/1/model.onnx", "x");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message, HasSubstr("larger than the limit of 1 MiB"));
}

TEST(FolderRepository, DoesNotWaitOnAConfigurationThatIsAPipe) {
  const TemporaryFolder root;
  root.write("net/1/model.onnx", "x");
  ASSERT_EQ(mkfifo((root.path() / "net/config.pbtxt").c_str(), 0600), 0);

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message, HasSubstr("no regular file"));
}

TEST(FolderRepository, FailsAsAWholeWhenARootIsMissing) {
  const auto findings = FolderRepository({"/nonexistent/models"}).scan();

  ASSERT_FALSE(findings);
  EXPECT_EQ(findings.error().code, Code::NotFound);
  EXPECT_THAT(findings.error().message, HasSubstr("/nonexistent/models"));
}

TEST(FolderRepository, GivesWhatOnlyOpenvinoReadsToItWithoutAConfiguration) {
  const TemporaryFolder root;
  root.write("ir/1/model.xml", "x");
  root.write("ir/1/model.bin", "x");
  root.write("tensorflow/1/model.savedmodel/saved_model.pb", "x");
  root.write("lite/1/model.tflite", "x");

  const auto models = FolderRepository({root.path()}).scan();

  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 3U);
  for (const auto& finding : *models) {
    ASSERT_TRUE(finding.model) << finding.model.error().message;
    EXPECT_EQ(finding.model->versions[0].backend, "openvino");
    EXPECT_EQ(finding.model->versions[0].platform, "openvino");
    EXPECT_EQ(finding.model->versions[0].path.stem(), "model");
  }
}

TEST(FolderRepository, GivesAnOnnxFileBesideOtherFormatsToOnnx) {
  const TemporaryFolder root;
  root.write("net/1/model.onnx", "x");
  root.write("net/1/model.xml", "x");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->versions[0].backend, "onnx");
  EXPECT_EQ(model->versions[0].path.filename(), "model.onnx");
}

TEST(FolderRepository, GivesAnOnnxFileToOpenvinoWhereTheConfigurationChoosesIt) {
  const TemporaryFolder root;
  root.write("net/config.pbtxt", "backend: 'openvino'");
  root.write("net/1/model.onnx", "x");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->versions[0].backend, "openvino");
  EXPECT_EQ(model->versions[0].path.filename(), "model.onnx");
}

TEST(FolderRepository, SaysWhichFilesOpenvinoLooksFor) {
  const TemporaryFolder root;
  root.write("net/config.pbtxt", "backend: 'openvino'");
  root.make_folder("net/1");

  const auto model = FolderRepository({root.path()}).find("net");

  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message,
            "model 'net': no version folder holds any of model.xml, model.onnx, model.savedmodel, "
            "model.tflite");
}

TEST(FolderRepository, RefusesPartsOfAModelThatAreLinksToElsewhere) {
  const TemporaryFolder outside;
  outside.write("secret", "x");
  const TemporaryFolder root;
  root.write("ir/1/model.xml", "x");
  std::filesystem::create_symlink(outside.path() / "secret", root.path() / "ir/1/model.bin");
  root.write("tensorflow/1/model.savedmodel/saved_model.pb", "x");
  root.make_folder("tensorflow/1/model.savedmodel/variables");
  std::filesystem::create_symlink(
      outside.path() / "secret",
      root.path() / "tensorflow/1/model.savedmodel/variables/variables.index");

  for (const std::string name : {"ir", "tensorflow"}) {
    const auto model = FolderRepository({root.path()}).find(name);

    ASSERT_FALSE(model) << name;
    EXPECT_THAT(model.error().message, HasSubstr("link out of the model repository"));
  }
}

}  // namespace
}  // namespace aion::catalog
