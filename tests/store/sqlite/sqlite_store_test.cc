// What is acknowledged is on the disk, together with many others, and whole.
#include "store/sqlite/sqlite_store.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/spawn.h"
#include "tests/temporary_folder.h"

namespace aion::store {
namespace {

using testing::HasSubstr;

constexpr Migration kFirst{
    "test", 1, "CREATE TABLE item (key INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);"};
constexpr Migration kSecond{
    "test", 2, "ALTER TABLE item ADD COLUMN size INTEGER NOT NULL DEFAULT 7;"};

class SqliteStoreTest : public testing::Test {
 protected:
  Result<void> open(std::vector<Migration> steps = {kFirst}) {
    store_.reset();
    SqliteStore::Options options;
    options.file = file_;
    auto opened = SqliteStore::open(options, steps, executors_.blocking());
    if (!opened) {
      return opened.error();
    }
    store_ = *std::move(opened);
    return {};
  }

  Result<void> write(Change change) {
    return wait_for(executors_.io(), store_->write(std::move(change)));
  }
  Result<void> add(const std::string& word) {
    return write([word](Writer& writer) -> Result<void> {
      AION_TRY_VOID(writer.execute("INSERT INTO item (word) VALUES (?)", {word}));
      return {};
    });
  }
  std::int64_t count() {
    std::int64_t found = -1;
    const auto read = wait_for(executors_.io(), store_->read([&](Reader& reader) -> Result<void> {
      AION_TRY(const auto number, reader.integer("SELECT count(*) FROM item", {}));
      found = number.value_or(-1);
      return {};
    }));
    EXPECT_TRUE(read) << read.error().message;
    return found;
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "aion.db";
  Executors executors_{{1, 1, 4}};
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteStoreTest, KeepsWhatWasWrittenWhenItIsOpenedAgain) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(add("one"));

  ASSERT_TRUE(open());

  EXPECT_EQ(count(), 1);
}

TEST_F(SqliteStoreTest, BindsAndReadsEveryKindOfValue) {
  ASSERT_TRUE(
      open({{"test", 1, "CREATE TABLE mixed (a INTEGER, b REAL, c TEXT, d BLOB, e TEXT);"}}));
  const std::string zeros("\0x\0", 3);
  ASSERT_TRUE(write([&](Writer& writer) -> Result<void> {
    AION_TRY_VOID(writer.execute(
        "INSERT INTO mixed VALUES (?, ?, ?, ?, ?)",
        {std::int64_t{-9'000'000'000}, 0.1, std::string("é"), Blob{zeros}, Value()}));
    return {};
  }));

  std::string seen;
  ASSERT_TRUE(wait_for(executors_.io(), store_->read([&](Reader& reader) -> Result<void> {
    return reader.query("SELECT a, b, c, d, e FROM mixed", {}, [&](const Row& row) -> Result<bool> {
      EXPECT_EQ(row.integer(0), -9'000'000'000);
      EXPECT_EQ(row.real(1), 0.1);
      EXPECT_EQ(row.text(2), "é");
      EXPECT_EQ(row.text(3), zeros);
      EXPECT_TRUE(row.is_null(4));
      seen += "row";
      return true;
    });
  })));
  EXPECT_EQ(seen, "row");
}

TEST_F(SqliteStoreTest, SharesOneCommitAmongChangesThatWaitTogether) {
  ASSERT_TRUE(open());
  constexpr int kChanges = 200;
  std::promise<void> may_go;
  const auto go = may_go.get_future().share();
  store_->enqueue([go](Writer&) -> Result<void> { return go.wait(), Result<void>(); }, [](auto) {});
  std::latch left(kChanges);
  for (int i = 0; i < kChanges; ++i) {
    store_->enqueue(
        [i](Writer& writer) -> Result<void> {
          AION_TRY_VOID(writer.execute("INSERT INTO item (word) VALUES (?)", {std::to_string(i)}));
          return {};
        },
        [&left](const Result<void>& done) {
          EXPECT_TRUE(done);
          left.count_down();
        });
  }

  may_go.set_value();
  left.wait();

  EXPECT_EQ(store_->counts().changes, kChanges + 1U);
  EXPECT_LE(store_->counts().commits, 2U);  // the one that held them up, and theirs
  EXPECT_EQ(count(), kChanges);
}

TEST_F(SqliteStoreTest, TakesBackAChangeThatFailsAndNoOther) {
  ASSERT_TRUE(open());
  std::promise<void> may_go;
  const auto go = may_go.get_future().share();
  store_->enqueue([go](Writer&) -> Result<void> { return go.wait(), Result<void>(); }, [](auto) {});
  std::latch left(3);
  std::vector<Result<void>> outcomes(3);
  const auto enqueue = [&](std::size_t at, Change change) {
    store_->enqueue(std::move(change), [&, at](Result<void> done) {
      outcomes[at] = std::move(done);
      left.count_down();
    });
  };
  const auto insert = [](const std::string& word) {
    return [word](Writer& writer) -> Result<void> {
      AION_TRY_VOID(writer.execute("INSERT INTO item (word) VALUES (?)", {word}));
      return {};
    };
  };
  enqueue(0, insert("first"));
  enqueue(1, [&](Writer& writer) -> Result<void> {
    AION_TRY_VOID(insert("half")(writer));
    return insert("first")(writer);
  });
  enqueue(2, insert("last"));

  may_go.set_value();
  left.wait();

  EXPECT_TRUE(outcomes[0]);
  ASSERT_FALSE(outcomes[1]);
  EXPECT_EQ(outcomes[1].error().code, Code::AlreadyExists);
  EXPECT_TRUE(outcomes[2]);
  EXPECT_EQ(count(), 2);
}

TEST_F(SqliteStoreTest, CommitsWhatItHasTakenBeforeItCloses) {
  ASSERT_TRUE(open());
  std::atomic<int> done = 0;
  for (int i = 0; i < 50; ++i) {
    store_->enqueue(
        [i](Writer& writer) -> Result<void> {
          AION_TRY_VOID(writer.execute("INSERT INTO item (word) VALUES (?)", {std::to_string(i)}));
          return {};
        },
        [&](const Result<void>& result) { done += result ? 1 : 0; });
  }

  store_.reset();

  EXPECT_EQ(done, 50);
  ASSERT_TRUE(open());
  EXPECT_EQ(count(), 50);
}

TEST_F(SqliteStoreTest, RefusesMoreThanMayWait) {
  SqliteStore::Options options;
  options.file = file_;
  options.most_waiting = 1;
  const std::vector<Migration> steps{kFirst};
  auto opened = SqliteStore::open(options, steps, executors_.blocking());
  ASSERT_TRUE(opened);
  store_ = *std::move(opened);
  std::promise<void> begun;
  std::promise<void> may_go;
  const auto go = may_go.get_future().share();
  store_->enqueue(
      [&begun, go](Writer&) -> Result<void> {
        begun.set_value();
        go.wait();
        return {};
      },
      [](auto) {});
  begun.get_future().wait();
  store_->enqueue([](Writer&) -> Result<void> { return {}; }, [](auto) {});
  Result<void> third;

  store_->enqueue([](Writer&) -> Result<void> { return {}; },
                  [&](Result<void> done) { third = std::move(done); });

  may_go.set_value();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Code::ResourceExhausted);
}

TEST_F(SqliteStoreTest, ReadsOneStateThoughItChangesMeanwhile) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(add("one"));
  std::int64_t before = 0;
  std::int64_t after = 0;
  ASSERT_TRUE(wait_for(executors_.io(), store_->read([&](Reader& reader) -> Result<void> {
    AION_TRY(const auto first, reader.integer("SELECT count(*) FROM item", {}));
    std::promise<void> written;
    store_->enqueue(
        [](Writer& writer) -> Result<void> {
          AION_TRY_VOID(writer.execute("INSERT INTO item (word) VALUES ('two')", {}));
          return {};
        },
        [&](const Result<void>&) { written.set_value(); });
    written.get_future().wait();
    AION_TRY(const auto second, reader.integer("SELECT count(*) FROM item", {}));
    before = first.value_or(0);
    after = second.value_or(0);
    return {};
  })));

  EXPECT_EQ(before, 1);
  EXPECT_EQ(after, 1);
  EXPECT_EQ(count(), 2);
}

TEST_F(SqliteStoreTest, RefusesToWriteInARead) {
  ASSERT_TRUE(open());

  const auto done = wait_for(executors_.io(), store_->read([&](Reader& reader) -> Result<void> {
    return reader.query("INSERT INTO item (word) VALUES ('x')", {}, [](const Row&) -> Result<bool> {
      return true;
    });
  }));

  ASSERT_FALSE(done);
  EXPECT_EQ(count(), 0);
}

TEST_F(SqliteStoreTest, BringsOldTablesForwardAndKeepsACopyOfThem) {
  ASSERT_TRUE(open({kFirst}));
  ASSERT_TRUE(add("old"));

  ASSERT_TRUE(open({kFirst, kSecond}));

  std::int64_t size = 0;
  ASSERT_TRUE(wait_for(executors_.io(), store_->read([&](Reader& reader) -> Result<void> {
    AION_TRY(const auto number, reader.integer("SELECT size FROM item WHERE word = 'old'", {}));
    size = number.value_or(0);
    return {};
  })));
  EXPECT_EQ(size, 7);
  store_.reset();
  file_ += ".before-test-2";
  ASSERT_TRUE(std::filesystem::exists(file_));
  ASSERT_TRUE(open({kFirst}));
  EXPECT_EQ(count(), 1);
}

TEST_F(SqliteStoreTest, LeavesTheTablesAsTheyWereWhenAStepFails) {
  ASSERT_TRUE(open({kFirst}));
  ASSERT_TRUE(add("old"));
  const Migration broken{
      "test", 2, "ALTER TABLE item ADD COLUMN size INTEGER; INSERT INTO nowhere VALUES (1);"};

  const auto refused = open({kFirst, broken});

  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("migration 2 of 'test'"));
  ASSERT_TRUE(open({kFirst, kSecond}));
  EXPECT_EQ(count(), 1);
}

TEST_F(SqliteStoreTest, RefusesTablesOfANewerProgram) {
  ASSERT_TRUE(open({kFirst, kSecond}));

  const auto refused = open({kFirst});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::FailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("newer"));
}

TEST_F(SqliteStoreTest, RefusesAFileThatIsNoneOfIts) {
  std::ofstream(file_) << "These are only words, and so many that a header could be among them: "
                       << std::string(200, 'x');

  const auto refused = open();

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::FailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr(file_.string()));
}

TEST_F(SqliteStoreTest, MakesAFileThatOnlyItsOwnerReads) {
  ASSERT_TRUE(open());

  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(file_).permissions() & (perms::group_all | perms::others_all),
            perms::none);
}

}  // namespace
}  // namespace aion::store
