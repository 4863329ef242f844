#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "server_fixture.h"
#include "tests/temporary_folder.h"

namespace aion::net {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class UnixSocketTest : public HttpServerTest {
 protected:
  HttpConfig config() const {
    HttpConfig made;
    made.unix_path = path_;
    return made;
  }

  TemporaryFolder folder_;
  std::string path_ = (folder_.path() / "http.sock").string();
};

/// What a daemon that was killed leaves: a file that nobody listens behind.
void leave_socket(const std::string& path) {
  const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  AION_ASSERT(::bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  ::close(left);
}

TEST_F(UnixSocketTest, AnswersBesideThePort) {
  start(config());

  EXPECT_EQ(RawClient(path_).ask(get("/echo")).body, "GET /echo ? \n");
  EXPECT_EQ(RawClient(port()).ask(get("/echo")).body, "GET /echo ? \n");
}

TEST_F(UnixSocketTest, TellsThatThePeerHasNoAddress) {
  start(config());

  EXPECT_EQ(RawClient(path_).ask(get("/peer")).body, "unix");
}

TEST_F(UnixSocketTest, TakesAnyHostWhichThePortDoesNot) {
  start(config());
  const std::string request = "GET /echo HTTP/1.1\r\nHost: aion.example\r\n\r\n";

  EXPECT_EQ(RawClient(path_).ask(request).status, 200);
  EXPECT_EQ(RawClient(port()).ask(request).status, 403);
}

TEST_F(UnixSocketTest, CancelsTheRequestOfAClientThatHangsUp) {
  start(config());
  RawClient client(path_);
  client.send(get("/wait") + post("/body", "sent ahead"));
  handler_.wait_until_waiting();

  client.hang_up();

  EXPECT_TRUE(handler_.was_cancelled());
}

TEST_F(UnixSocketTest, CountsForTheLimitOfConnections) {
  HttpConfig one = config();
  one.max_connections = 1;
  start(one);
  RawClient first(port());
  ASSERT_EQ(first.ask(get("/echo")).status, 200);

  EXPECT_EQ(RawClient(path_).read().status, 503);
}

TEST_F(UnixSocketTest, IsOpenToItsUserAloneWhateverTheUmask) {
  const mode_t usual = ::umask(0);
  start(config());
  ::umask(usual);
  struct stat status {};

  ASSERT_EQ(::stat(path_.c_str(), &status), 0);

  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(UnixSocketTest, IsGoneAfterTheStop) {
  start(config());
  RawClient client(path_);
  ASSERT_EQ(client.ask(get("/echo")).status, 200);

  server_->stop(std::chrono::seconds(20));

  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(UnixSocketTest, LeavesAFileThatHasTakenItsName) {
  start(config());
  std::filesystem::remove(path_);
  std::ofstream(path_) << "another";

  server_->stop(std::chrono::seconds(20));

  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketTest, TakesThePlaceOfOneWhoseProcessIsGone) {
  leave_socket(path_);

  start(config());

  EXPECT_EQ(RawClient(path_).ask(get("/echo")).status, 200);
}

TEST_F(UnixSocketTest, IsRefusedWhereAnotherListens) {
  start(config());

  const auto second = HttpServer::start(config(), handler_, executors_, log_);

  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::Unavailable);
  EXPECT_EQ(second.error().message,
            "cannot listen on unix:" + path_ + ": another process listens there");
  EXPECT_EQ(RawClient(path_).ask(get("/echo")).status, 200);
}

TEST_F(UnixSocketTest, IsRefusedInThePlaceOfAnotherFile) {
  std::ofstream(path_) << "precious";

  const auto started = HttpServer::start(config(), handler_, executors_, log_);

  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().message, EndsWith("a file that is no socket has this name"));
  EXPECT_EQ(std::filesystem::file_size(path_), 8U);
}

TEST_F(UnixSocketTest, IsRefusedWhereThereIsNoFolder) {
  path_ = (folder_.path() / "nowhere" / "http.sock").string();

  const auto started = HttpServer::start(config(), handler_, executors_, log_);

  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().message, EndsWith("No such file or directory"));
}

TEST_F(UnixSocketTest, IsRefusedUnderAPathThatIsTooLong) {
  path_ = "/" + std::string(107, 'p');

  const auto started = HttpServer::start(config(), handler_, executors_, log_);

  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, Code::InvalidArgument);
  EXPECT_THAT(started.error().message, HasSubstr("of 1 to 107 bytes, got 108"));
}

}  // namespace
}  // namespace aion::net
