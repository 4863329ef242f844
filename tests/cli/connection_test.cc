#include "cli/connection.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/bench_command.h"
#include "tests/temporary_folder.h"

namespace aion::cli {
namespace {

using testing::HasSubstr;

class DaemonUrlTest : public testing::Test {
 protected:
  DaemonUrlTest() {
    ::unsetenv("AION_URL");  // of whoever runs the tests
    place_.data_dir = folder_.path();
  }

  Result<std::string> url(const std::string& given = "") {
    Arguments arguments;
    if (!given.empty()) {
      arguments.flags.emplace_back("url", given);
    }
    return daemon_url(arguments, [this](const Arguments&) { return place_; });
  }

  TemporaryFolder folder_;
  Place place_;
};

TEST_F(DaemonUrlTest, IsThatOfTheSettingsWhenNobodyHasPublished) {
  place_.host = "::1";
  place_.http_port = 9000;

  EXPECT_EQ(*url(), "http://[::1]:9000");
}

TEST_F(DaemonUrlTest, IsWhatTheDaemonOfTheFolderHasPublished) {
  folder_.write("daemon.json", R"({"pid": 7, "host": "::1", "http": 9100})");

  EXPECT_EQ(*url(), "http://[::1]:9100");
}

TEST_F(DaemonUrlTest, IsAPortThatAFlagNamesWhateverIsPublished) {
  folder_.write("daemon.json", R"({"pid": 7, "host": "127.0.0.1", "http": 9100})");
  place_.http_port = 9200;
  place_.is_port_a_flag = true;

  EXPECT_EQ(*url(), "http://127.0.0.1:9200");
}

TEST_F(DaemonUrlTest, IsAUnixSocketAsItIsGiven) {
  EXPECT_EQ(*url("unix:/run/aion/http.sock"), "unix:/run/aion/http.sock");
  EXPECT_FALSE(url("unix:"));
}

TEST_F(DaemonUrlTest, IsNeverTheDefaultWhenAFolderWasNamed) {
  place_.is_folder_named = true;

  const auto found = url();

  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr(folder_.path().string()));
}

TEST_F(DaemonUrlTest, PassesOverAnAddressFileThatMakesNoSense) {
  for (const char* text :
       {"", "{", "7", R"({"host": 7, "http": "x"})", R"({"host": "a", "http": -1})"}) {
    folder_.write("daemon.json", text);
    EXPECT_EQ(*url(), "http://127.0.0.1:8000") << text;
  }
}

TEST_F(DaemonUrlTest, IsWhatSomebodyWritesWithASchemeAndWithoutASlash) {
  EXPECT_EQ(*url("[::1]:8000/"), "http://[::1]:8000");
  EXPECT_EQ(*url("https://aion.example.org/behind/"), "https://aion.example.org/behind");
}

TEST_F(DaemonUrlTest, RefusesWhatIsNoAddress) {
  for (const char* text : {"::1",
                           "http://::1:8000",
                           "http://[::1",
                           "http://[::1]8000",
                           "a:b",
                           "a:0",
                           "a:70000",
                           ":80"}) {
    const auto refused = url(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("http://[::1]:8000"));
  }
}

TEST(EndpointOf, TellsHostAndPortApart) {
  EXPECT_EQ(endpoint_of("http://127.0.0.1:8000")->host, "127.0.0.1");
  EXPECT_EQ(endpoint_of("http://127.0.0.1:8000")->port, 8000);
  EXPECT_EQ(endpoint_of("http://[::1]:8001")->host, "::1");
  EXPECT_EQ(endpoint_of("http://[::1]:8001")->port, 8001);
  EXPECT_EQ(endpoint_of("http://[::1]")->port, 80);
  EXPECT_EQ(endpoint_of("http://localhost")->host, "localhost");
}

TEST(EndpointOf, RefusesWhatALoadCannotBeSentTo) {
  EXPECT_FALSE(endpoint_of("https://127.0.0.1"));
  EXPECT_FALSE(endpoint_of("http://127.0.0.1/path"));
}

TEST(Bench, RefusesARateThatIsNoneBeforeItAsksAnybody) {
  const Command bench = bench_command([](const Arguments&) { return Place{}; });
  for (const char* rate : {"nan", "-nan", "inf", "0", "-5", "0.0", "fast", ""}) {
    Arguments arguments;
    arguments.words = {"model"};
    arguments.flags = {{"url", "http://127.0.0.1:1"}, {"rate", rate}};

    testing::internal::CaptureStderr();
    const Exit exit = bench.run(arguments);
    const std::string said = testing::internal::GetCapturedStderr();

    EXPECT_EQ(exit, Exit::WrongUse) << rate;
    EXPECT_THAT(said, HasSubstr("--rate: expected a number from 0.1 to"));
    EXPECT_THAT(said, HasSubstr("'" + std::string(rate) + "'"));
  }
}

}  // namespace
}  // namespace aion::cli
