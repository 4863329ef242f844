// One connection to a SQLite file: its statements, its errors, its rows.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "store/store.h"

// The library's own types, so that its header stays in this folder's sources.
struct sqlite3;
struct sqlite3_stmt;

namespace aion::store::sqlite {

/// Not thread-safe: one thread at a time.
class Database final : public Writer {
 public:
  enum class Mode : std::uint8_t { Write, Read };

  /// Makes the file where there is none (Write; for its owner alone), and sets what every
  /// connection has: write-ahead log, each commit brought to the disk (synchronous = FULL), foreign
  /// keys held.
  ///
  /// fails   FailedPrecondition  it is no database of Aion's, is damaged, or cannot be opened
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file,
                                                              Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  using Reader::query;
  using Writer::execute;
  [[nodiscard]] Result<void> query(std::string_view sql,
                                   Values values,
                                   const std::function<Result<bool>(const Row&)>& each) override;
  [[nodiscard]] Result<std::int64_t> execute(std::string_view sql, Values values) override;
  [[nodiscard]] std::int64_t last_key() const override;

  /// Statements one after the other, without values or answers.
  [[nodiscard]] Result<void> run(const std::string& script);
  /// Whether a transaction is open: a full disk may have ended it.
  [[nodiscard]] bool is_in_transaction() const;

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  struct CloseStatement {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, CloseStatement>;

  explicit Database(sqlite3* opened);
  [[nodiscard]] Error error(std::string_view during) const;
  [[nodiscard]] Result<sqlite3_stmt*> prepare(std::string_view sql);
  [[nodiscard]] Result<sqlite3_stmt*> bound(std::string_view sql, Values values);

  std::unique_ptr<sqlite3, CloseDatabase> database_;
  std::unordered_map<std::string, Statement> statements_;  // by text
};

}  // namespace aion::store::sqlite
