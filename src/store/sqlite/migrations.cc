#include "store/sqlite/migrations.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace aion::store::sqlite {

namespace {

using Numbers = std::map<std::string, int, std::less<>>;  // the last step of each room

Result<Numbers> numbers_in(Database& database) {
  AION_TRY_VOID(
      database.run("CREATE TABLE IF NOT EXISTS migration ("
                   " room TEXT NOT NULL, number INTEGER NOT NULL,"
                   " applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),"
                   " PRIMARY KEY (room, number)) WITHOUT ROWID;"));
  Numbers numbers;
  AION_TRY_VOID(database.query("SELECT room, max(number) FROM migration GROUP BY room",
                               {},
                               [&](const Row& row) -> Result<bool> {
                                 numbers[row.text(0)] = static_cast<int>(row.integer(1));
                                 return true;
                               }));
  return numbers;
}

Result<void> refuse_newer(const Numbers& numbers, std::span<const Migration> steps) {
  for (const auto& [room, number] : numbers) {
    int known = 0;
    for (const Migration& step : steps) {
      known = step.room == room ? std::max(known, step.number) : known;
    }
    if (number > known) {
      return Error{Code::FailedPrecondition,
                   "a newer Aion has written it: tables of '" + room + "' have number " +
                       std::to_string(number) + ", this program knows " + std::to_string(known)};
    }
  }
  return {};
}

Result<void> back_up(Database& database, const std::filesystem::path& file, const Migration& next) {
  const std::string copy =
      file.string() + ".before-" + std::string(next.room) + "-" + std::to_string(next.number);
  std::error_code absent;
  std::filesystem::remove(copy, absent);  // of an earlier try of the same step
  AION_TRY_VOID(database.execute("VACUUM INTO ?", {copy}));
  std::error_code failed;
  std::filesystem::permissions(
      copy, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, failed);
  return {};
}

Result<void> apply(Database& database, const Migration& step) {
  AION_TRY_VOID(database.run("BEGIN IMMEDIATE;"));
  auto done = database.run(std::string(step.sql));
  if (done) {
    const auto noted = database.execute("INSERT INTO migration (room, number) VALUES (?, ?)",
                                        {std::string(step.room), std::int64_t{step.number}});
    done = noted ? database.run("COMMIT;") : Result<void>(noted.error());
  }
  if (!done && database.is_in_transaction()) {
    const auto undone = database.run("ROLLBACK;");
    if (!undone) {
      return undone;
    }
  }
  return done ? done
              : Result<void>(in_context("migration " + std::to_string(step.number) + " of '" +
                                            std::string(step.room) + "'",
                                        done.error()));
}

}  // namespace

Result<void> migrate(Database& database,
                     const std::filesystem::path& file,
                     std::span<const Migration> steps) {
  AION_TRY(const Numbers numbers, numbers_in(database));
  AION_TRY_VOID(refuse_newer(numbers, steps));
  std::vector<Migration> missing;
  for (const Migration& step : steps) {
    const auto has = numbers.find(step.room);
    if (has == numbers.end() || step.number > has->second) {
      missing.push_back(step);
    }
  }
  if (!missing.empty() && !numbers.empty()) {
    AION_TRY_VOID(back_up(database, file, missing.front()));
  }
  for (const Migration& step : missing) {
    AION_TRY_VOID(apply(database, step));
  }
  return {};
}

}  // namespace aion::store::sqlite
