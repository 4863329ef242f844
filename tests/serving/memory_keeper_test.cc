#include "serving/memory_keeper.h"

#include <chrono>
#include <cstring>
#include <future>
#include <optional>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "base/manual_clock.h"

namespace aion::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// An instance that tells when it is shrunk, and is done with it when it is told to.
class ShrinkingInstance final : public runtime::Instance {
 public:
  [[nodiscard]] const catalog::Signature& signature() const override { return signature_; }
  [[nodiscard]] Task<void> run(runtime::Batch, CancelToken, runtime::ResponseSink&) override {
    co_return Result<void>{};
  }
  void shrink() override {
    if (shrunk_++ == 0) {
      begun_.set_value();
    }
    may_end_.wait();
  }

  void wait_until_begun() { has_begun_.wait(); }
  void let_end() { end_.set_value(); }
  [[nodiscard]] int times_shrunk() const { return shrunk_; }

 private:
  catalog::Signature signature_;
  std::atomic<int> shrunk_ = 0;
  std::promise<void> begun_;
  std::future<void> has_begun_ = begun_.get_future();
  std::promise<void> end_;
  std::shared_future<void> may_end_ = end_.get_future().share();
};

/// Memory that the process holds as long as this lives.
class Held {
 public:
  explicit Held(std::size_t bytes)
      : size_(bytes),
        data_(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    std::memset(data_, 1, size_);
  }
  ~Held() { ::munmap(data_, size_); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  std::size_t size_;
  void* data_;
};

class MemoryKeeperTest : public testing::Test {
 protected:
  MemoryKeeperTest() {
    auto made = std::make_unique<ShrinkingInstance>();
    instance_ = made.get();
    version_ = std::make_shared<LoadedVersion>(catalog::ModelVersion{}, std::move(made), nullptr);
    table_.edit([&](Models& models) {
      models["big"].versions[1] = {VersionState::Ready, "", version_};
    });
  }

  void run_once() { version_->statistics.executed(1, {}); }

  ManualClock clock_;
  ModelTable table_;
  ShrinkingInstance* instance_ = nullptr;
  std::shared_ptr<LoadedVersion> version_;
  std::atomic<bool> is_busy_ = false;
  std::function<bool()> is_idle_ = [this] {
    return !is_busy_;
  };
};

TEST_F(MemoryKeeperTest, ShrinksAVersionThatHasGrownTheProcessAndRestsNow) {
  instance_->let_end();
  const MemoryKeeper keeper(clock_, inline_executor(), table_, is_idle_);
  run_once();
  const Held grown(96U << 20U);

  clock_.advance(seconds{1});  // sees that it has run
  const int while_it_ran = instance_->times_shrunk();
  clock_.advance(seconds{1});  // sees that it rests

  EXPECT_EQ(while_it_ran, 0);
  EXPECT_EQ(instance_->times_shrunk(), 1);
}

TEST_F(MemoryKeeperTest, ShrinksNothingTwiceThatHasNotRunBetween) {
  instance_->let_end();
  const MemoryKeeper keeper(clock_, inline_executor(), table_, is_idle_);
  run_once();
  const Held grown(96U << 20U);
  clock_.advance(seconds{2});
  ASSERT_EQ(instance_->times_shrunk(), 1);
  const Held more(96U << 20U);

  clock_.advance(seconds{5});

  EXPECT_EQ(instance_->times_shrunk(), 1);
}

TEST_F(MemoryKeeperTest, ShrinksAgainAfterARunThatHeldItsMemoryWhileItShrank) {
  instance_->let_end();
  const MemoryKeeper keeper(clock_, inline_executor(), table_, is_idle_);
  run_once();
  is_busy_ = true;
  const Held by_the_run(96U << 20U);
  clock_.advance(seconds{2});
  ASSERT_EQ(instance_->times_shrunk(), 1);

  run_once();  // that run has ended
  is_busy_ = false;
  clock_.advance(seconds{2});

  EXPECT_EQ(instance_->times_shrunk(), 2);
}

TEST_F(MemoryKeeperTest, LeavesAVersionThatIsInUseAlone) {
  instance_->let_end();
  const MemoryKeeper keeper(clock_, inline_executor(), table_, is_idle_);
  const Held grown(96U << 20U);

  for (int i = 0; i < 5; ++i) {
    run_once();
    clock_.advance(seconds{1});
  }

  EXPECT_EQ(instance_->times_shrunk(), 0);
}

TEST_F(MemoryKeeperTest, LeavesAProcessThatHasNotGrownAlone) {
  instance_->let_end();
  const MemoryKeeper keeper(clock_, inline_executor(), table_, is_idle_);
  run_once();

  clock_.advance(seconds{5});

  EXPECT_EQ(instance_->times_shrunk(), 0);
}

TEST_F(MemoryKeeperTest, LooksNoMoreWhenItHasGone) {
  instance_->let_end();
  std::optional<MemoryKeeper> keeper(std::in_place, clock_, inline_executor(), table_, is_idle_);
  run_once();
  const Held grown(96U << 20U);
  clock_.advance(seconds{1});

  keeper.reset();
  clock_.advance(seconds{5});

  EXPECT_EQ(instance_->times_shrunk(), 0);
}

TEST_F(MemoryKeeperTest, DoesNotGoBeforeALookThatIsUnderWay) {
  Executors executors({1, 1, 1});
  auto keeper = std::make_unique<MemoryKeeper>(clock_, executors.blocking(), table_, is_idle_);
  run_once();
  const Held grown(96U << 20U);
  std::promise<void> looked;
  clock_.advance(seconds{1});
  post(executors.blocking(), [&] { looked.set_value(); });  // behind the first look
  looked.get_future().wait();
  clock_.advance(seconds{1});
  instance_->wait_until_begun();

  auto gone = std::async(std::launch::async, [&] { keeper.reset(); });
  const auto while_it_looks = gone.wait_for(milliseconds{50});
  instance_->let_end();
  gone.wait();

  EXPECT_EQ(while_it_looks, std::future_status::timeout);
}

}  // namespace
}  // namespace aion::serving
