#include "store/sqlite/sqlite_store.h"

#include <algorithm>
#include <utility>

#include "base/spawn.h"
#include "store/sqlite/migrations.h"

namespace aion::store {

namespace {

// So many changes share a commit at most: whoever is first among them waits for the last.
constexpr std::size_t kMostInGroup = 1024;

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(Options options,
                                                       std::span<const Migration> steps,
                                                       Executor blocking) {
  AION_TRY(auto writer, sqlite::Database::open(options.file, sqlite::Database::Mode::Write));
  const auto migrated = sqlite::migrate(*writer, options.file, steps);
  if (!migrated) {
    return in_context("the database '" + options.file.string() + "'", migrated.error());
  }
  return std::unique_ptr<SqliteStore>(
      new SqliteStore(std::move(options), std::move(writer), std::move(blocking)));
}

SqliteStore::SqliteStore(Options options,
                         std::unique_ptr<sqlite::Database> writer,
                         Executor blocking)
    : options_(std::move(options)),
      writer_(std::move(writer)),
      blocking_(std::move(blocking)),
      thread_([this] { serve(); }) {}

SqliteStore::~SqliteStore() {
  {
    const std::scoped_lock lock(mutex_);
    is_closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SqliteStore::enqueue(Change change, Done done) {
  Error refused(Code::Unavailable, "the store is closed");
  {
    const std::scoped_lock lock(mutex_);
    if (!is_closing_ && waiting_.size() < options_.most_waiting) {
      waiting_.push_back({std::move(change), std::move(done)});
      wake_.notify_one();
      return;
    }
    if (!is_closing_) {
      refused = Error(Code::ResourceExhausted,
                      std::to_string(waiting_.size()) + " changes wait for the disk already");
    }
  }
  done(std::move(refused));
}

Store::Counts SqliteStore::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

void SqliteStore::serve() {
  for (;;) {
    std::deque<Waiting> group;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return is_closing_ || !waiting_.empty(); });
      if (waiting_.empty()) {
        return;
      }
      while (!waiting_.empty() && group.size() < kMostInGroup) {
        group.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    commit(group);
  }
}

/// A change that fails takes back its own steps alone. When the whole transaction has gone with it,
/// as a full disk does, none of the group has happened.
Result<void> SqliteStore::apply(const Change& change) {
  AION_TRY_VOID(writer_->run("SAVEPOINT one;"));
  auto done = change(*writer_);
  if (!writer_->is_in_transaction()) {
    return done ? Result<void>(Error{Code::ResourceExhausted, "the transaction was ended"}) : done;
  }
  if (!done) {
    AION_TRY_VOID(writer_->run("ROLLBACK TO one;"));
  }
  AION_TRY_VOID(writer_->run("RELEASE one;"));
  return done;
}

void SqliteStore::commit(std::deque<Waiting>& group) {
  std::vector<Result<void>> outcomes;
  outcomes.reserve(group.size());
  Result<void> all = writer_->run("BEGIN IMMEDIATE;");
  for (const Waiting& one : group) {
    if (!all) {
      break;
    }
    outcomes.push_back(apply(one.change));
    if (!writer_->is_in_transaction()) {
      all = outcomes.back();
      break;
    }
  }
  if (all) {
    all = writer_->run("COMMIT;");
  }
  if (!all && writer_->is_in_transaction()) {
    // Its own failure would say no more than the one that led here.
    [[maybe_unused]] const auto undone = writer_->run("ROLLBACK;");
  }
  {
    const std::scoped_lock lock(mutex_);
    counts_.changes += all ? static_cast<std::uint64_t>(std::ranges::count_if(
                                 outcomes, [](const auto& one) { return one.has_value(); }))
                           : 0;
    counts_.commits += all ? 1 : 0;
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i].done(all ? std::move(outcomes[i]) : Result<void>(all.error()));
  }
}

/// Waits for one where all are in use: reads are short, and stand on the executor for such waits.
Result<std::unique_ptr<sqlite::Database>> SqliteStore::take_reader() {
  {
    std::unique_lock lock(reader_mutex_);
    reader_free_.wait(lock,
                      [this] { return !free_readers_.empty() || readers_ < options_.readers; });
    if (!free_readers_.empty()) {
      auto reader = std::move(free_readers_.back());
      free_readers_.pop_back();
      return reader;
    }
    ++readers_;
  }
  auto made = sqlite::Database::open(options_.file, sqlite::Database::Mode::Read);
  if (!made) {
    const std::scoped_lock lock(reader_mutex_);
    --readers_;
    reader_free_.notify_one();
  }
  return made;
}

Result<void> SqliteStore::look(const Look& look) {
  AION_TRY(auto reader, take_reader());
  auto done = reader->run("BEGIN;");
  if (done) {
    done = look(*reader);
    const auto ended = reader->run("COMMIT;");
    done = done && !ended ? ended : std::move(done);
  }
  const std::scoped_lock lock(reader_mutex_);
  free_readers_.push_back(std::move(reader));
  reader_free_.notify_one();
  return done;
}

Task<void> SqliteStore::read(Look look) {
  const Executor back = co_await spawn_executor();
  co_await on(blocking_);
  auto done = this->look(look);
  co_await on(back);
  co_return done;
}

}  // namespace aion::store
