#include "store/sqlite/database.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

namespace aion::store::sqlite {

namespace {

// "Aion" in the file's header, by which people and programs tell whose it is.
constexpr std::int64_t kApplication = 0x41696f6e;
constexpr int kBusyMs = 10'000;  // a backup or another program holds it for so long at most
// Rooms write a few dozen statements; more than this are made of values, which is a mistake.
constexpr std::size_t kMostStatements = 512;

Code code_of(int status) {
  if (status == SQLITE_CONSTRAINT_UNIQUE || status == SQLITE_CONSTRAINT_PRIMARYKEY) {
    return Code::AlreadyExists;
  }
  switch (status & 0xff) {
    case SQLITE_CONSTRAINT:
      return Code::FailedPrecondition;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return Code::ResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::Unavailable;
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
      return Code::FailedPrecondition;
    default:
      return Code::Internal;
  }
}

class StatementRow final : public Row {
 public:
  explicit StatementRow(sqlite3_stmt* statement) : statement_(statement) {}

  [[nodiscard]] bool is_null(int column) const override {
    return sqlite3_column_type(statement_, checked(column)) == SQLITE_NULL;
  }
  [[nodiscard]] std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_, checked(column));
  }
  [[nodiscard]] double real(int column) const override {
    return sqlite3_column_double(statement_, checked(column));
  }
  [[nodiscard]] std::string text(int column) const override {
    const void* const bytes = sqlite3_column_blob(statement_, checked(column));
    const int size = sqlite3_column_bytes(statement_, column);
    return bytes == nullptr
               ? std::string()
               : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }

 private:
  [[nodiscard]] int checked(int column) const {
    AION_ASSERT(column >= 0 && column < sqlite3_column_count(statement_));
    return column;
  }
  sqlite3_stmt* statement_;
};

/// Given back to the cache on every path: a statement that is not reset holds its snapshot.
class Running {
 public:
  explicit Running(sqlite3_stmt* statement) : statement_(statement) {}
  ~Running() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  sqlite3_stmt* statement_;
};

int bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* const integer = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, index, *integer);
  }
  if (const auto* const real = std::get_if<double>(&value)) {
    return sqlite3_bind_double(statement, index, *real);
  }
  // The values outlive the statement's run.
  if (const auto* const text = std::get_if<std::string>(&value)) {
    return sqlite3_bind_text64(
        statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* const blob = std::get_if<Blob>(&value)) {
    return sqlite3_bind_blob64(
        statement, index, blob->bytes.data(), blob->bytes.size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

/// The library makes the file by the umask; what lies in it is the owner's alone.
Result<void> make_private(const std::filesystem::path& file) {
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (made < 0) {
    return Error{Code::FailedPrecondition,
                 "cannot open '" + file.string() + "': " + std::strerror(errno)};
  }
  ::close(made);
  return {};
}

constexpr const char* kSettings =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA journal_size_limit = 67108864;";

}  // namespace

void Database::CloseDatabase::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

void Database::CloseStatement::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Database::Database(sqlite3* opened) : database_(opened) {}

Database::~Database() {
  statements_.clear();
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, Mode mode) {
  if (mode == Mode::Write) {
    AION_TRY_VOID(make_private(file));
  }
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2(
      file.c_str(),
      &opened,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW,
      nullptr);
  std::unique_ptr<Database> database(new Database(opened));
  const std::string where = "the database '" + file.string() + "'";
  if (status != SQLITE_OK) {
    return in_context(where, database->error("cannot be opened"));
  }
  sqlite3_busy_timeout(opened, kBusyMs);
  const auto set =
      mode == Mode::Write ? database->run(kSettings) : database->run("PRAGMA query_only = ON;");
  if (!set) {
    return in_context(where, set.error());
  }
  AION_TRY(const auto application, database->integer("PRAGMA application_id", {}));
  AION_TRY(const auto tables, database->integer("SELECT count(*) FROM sqlite_schema", {}));
  if (application.value_or(0) == 0 && tables.value_or(0) == 0 && mode == Mode::Write) {
    AION_TRY_VOID(database->run("PRAGMA application_id = " + std::to_string(kApplication) + ";"));
  } else if (application.value_or(0) != kApplication) {
    return Error{Code::FailedPrecondition, where + " is not one of Aion's"};
  }
  return database;
}

Error Database::error(std::string_view during) const {
  const int status = sqlite3_extended_errcode(database_.get());
  return Error{code_of(status), std::string(during) + ": " + sqlite3_errmsg(database_.get())};
}

Result<sqlite3_stmt*> Database::prepare(std::string_view sql) {
  const auto known = statements_.find(std::string(sql));
  if (known != statements_.end()) {
    return known->second.get();
  }
  sqlite3_stmt* made = nullptr;
  const int status = sqlite3_prepare_v3(database_.get(),
                                        sql.data(),
                                        static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT,
                                        &made,
                                        nullptr);
  if (status != SQLITE_OK) {
    return error("statement '" + std::string(sql) + "'");
  }
  AION_ASSERT(made != nullptr);
  if (statements_.size() >= kMostStatements) {
    statements_.clear();
  }
  statements_.emplace(std::string(sql), Statement(made));
  return made;
}

Result<sqlite3_stmt*> Database::bound(std::string_view sql, Values values) {
  AION_TRY(sqlite3_stmt* const statement, prepare(sql));
  AION_ASSERT(values.size() == static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)));
  int index = 0;
  for (const Value& value : values) {
    if (bind(statement, ++index, value) != SQLITE_OK) {
      return error("value " + std::to_string(index) + " of '" + std::string(sql) + "'");
    }
  }
  return statement;
}

Result<void> Database::query(std::string_view sql,
                             Values values,
                             const std::function<Result<bool>(const Row&)>& each) {
  AION_TRY(sqlite3_stmt* const statement, bound(sql, values));
  AION_ASSERT(sqlite3_stmt_busy(statement) == 0);  // the same question inside its own answer
  const Running running(statement);
  const StatementRow row(statement);
  for (;;) {
    const int status = sqlite3_step(statement);
    if (status == SQLITE_DONE) {
      return {};
    }
    if (status != SQLITE_ROW) {
      return error("'" + std::string(sql) + "'");
    }
    AION_TRY(const bool goes_on, each(row));
    if (!goes_on) {
      return {};
    }
  }
}

Result<std::int64_t> Database::execute(std::string_view sql, Values values) {
  AION_TRY(sqlite3_stmt* const statement, bound(sql, values));
  const Running running(statement);
  int status = SQLITE_ROW;
  while (status == SQLITE_ROW) {  // of a RETURNING clause that nobody reads
    status = sqlite3_step(statement);
  }
  if (status != SQLITE_DONE) {
    return error("'" + std::string(sql) + "'");
  }
  return static_cast<std::int64_t>(sqlite3_changes64(database_.get()));
}

std::int64_t Database::last_key() const {
  return sqlite3_last_insert_rowid(database_.get());
}

Result<void> Database::run(const std::string& script) {
  if (sqlite3_exec(database_.get(), script.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return error("'" + script.substr(0, script.find(';')) + "'");
  }
  return {};
}

bool Database::is_in_transaction() const {
  return sqlite3_get_autocommit(database_.get()) == 0;
}

}  // namespace aion::store::sqlite
