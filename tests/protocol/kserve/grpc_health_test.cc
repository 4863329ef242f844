// A watch that ends inside of what it says. (The health service as clients see it: test_health.py.)
#include "protocol/kserve/grpc_health.h"

#include <functional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/manual_clock.h"
#include "catalog/repository/folder.h"
#include "tests/temporary_folder.h"

namespace aion::kserve {
namespace {

using std::chrono::seconds;

/// Counts what is said; `on_write` may call back, as a connection does that is lost meanwhile.
class CountingCall final : public net::GrpcCall {
 public:
  [[nodiscard]] std::string_view metadata(std::string_view /*name*/) const override { return {}; }
  [[nodiscard]] TimePoint deadline() const override { return kNever; }
  [[nodiscard]] std::string_view peer_address() const override { return "127.0.0.1"; }
  void read() override { ++reads; }
  void write(std::string /*message*/) override {
    ++writes;
    if (on_write) {
      on_write();
    }
  }
  void finish(net::GrpcStatus /*status*/, std::optional<std::string> /*last*/) override {
    ++finishes;
  }

  int reads = 0;
  int writes = 0;
  int finishes = 0;
  std::function<void()> on_write;
};

class WatchTest : public testing::Test {
 protected:
  WatchTest() {
    for (const auto& [name, method] : health_service(models_, clock_).methods) {
      if (name == "Watch") {
        receiver_ = method(call_);
      }
    }
  }

  TemporaryFolder folder_;
  Log log_{LogLevel::Off};
  Metrics metrics_;
  Executors executors_{{1, 1, 1}};
  ManualClock clock_;
  resource::Ledger ledger_ = resource::Ledger::without_limit({});
  catalog::FolderRepository repository_{{folder_.path()}};
  runtime::Backends backends_{[this] {
    runtime::BackendEnvironment environment;
    environment.clock = &executors_.clock();
    return environment;
  }()};
  serving::ModelServer models_{{executors_, repository_, backends_, ledger_, metrics_, log_}, {}};
  std::shared_ptr<CountingCall> call_ = std::make_shared<CountingCall>();
  std::shared_ptr<net::GrpcReceiver> receiver_;
};

TEST_F(WatchTest, TellsOnceAndLooksOnEverySecond) {
  ASSERT_TRUE(receiver_);
  EXPECT_EQ(call_->reads, 1);
  receiver_->on_message({});
  EXPECT_EQ(call_->writes, 1);
  clock_.advance(seconds(3));
  EXPECT_EQ(call_->writes, 1);  // nothing has changed
}

TEST_F(WatchTest, MayBeLostInsideOfWhatItSays) {
  ASSERT_TRUE(receiver_);
  call_->on_write = [this] {
    receiver_->on_cancel();
  };
  receiver_->on_message({});
  EXPECT_EQ(call_->writes, 1);
  clock_.advance(seconds(3));
  EXPECT_EQ(call_->writes, 1);
}

TEST_F(WatchTest, EndsWhenTheServerStops) {
  ASSERT_TRUE(receiver_);
  receiver_->on_message({});
  receiver_->on_stopping();
  EXPECT_EQ(call_->finishes, 1);
}

}  // namespace
}  // namespace aion::kserve
