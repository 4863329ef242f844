// The store in one SQLite file: one writer with group commit, many readers.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "store/sqlite/database.h"
#include "store/store.h"

namespace aion::store {

/// What is acknowledged survives the end of the process and of the machine: each commit is brought
/// to the disk before its changes are. While one commit is on its way the next gathers, so that
/// many writers share the wait for the disk.
class SqliteStore final : public Store {
 public:
  struct Options {
    std::filesystem::path file;
    std::size_t readers = 4;             // at once; more wait on the executor
    std::size_t most_waiting = 100'000;  // changes; one more is refused with ResourceExhausted
  };
  /// Opens or makes the file and brings its tables to `steps`. `blocking` is where reads happen,
  /// and outlives the store. Fails as Database::open() and migrate().
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(Options options,
                                                                 std::span<const Migration> steps,
                                                                 Executor blocking);
  /// Everything that was taken is committed first.
  ~SqliteStore() override;

  void enqueue(Change change, std::function<void(Result<void>)> done) override;
  [[nodiscard]] Task<void> read(Look look) override;
  [[nodiscard]] Counts counts() const override;

 private:
  using Done = std::function<void(Result<void>)>;
  struct Waiting {
    Change change;
    Done done;
  };

  SqliteStore(Options options, std::unique_ptr<sqlite::Database> writer, Executor blocking);
  void serve();
  void commit(std::deque<Waiting>& group);
  [[nodiscard]] Result<void> apply(const Change& change);
  [[nodiscard]] Result<void> look(const Look& look);
  [[nodiscard]] Result<std::unique_ptr<sqlite::Database>> take_reader();

  Options options_;
  std::unique_ptr<sqlite::Database> writer_;  // on the thread alone
  Executor blocking_;

  mutable std::mutex mutex_;  // for all below
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  bool is_closing_ = false;
  Counts counts_;

  std::mutex reader_mutex_;
  std::condition_variable reader_free_;
  std::vector<std::unique_ptr<sqlite::Database>> free_readers_;
  std::size_t readers_ = 0;

  std::thread thread_;
};

}  // namespace aion::store
