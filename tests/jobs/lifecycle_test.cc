// Every way of a job, as docs/jobs.md shows it to people.
#include "jobs/lifecycle.h"

#include <array>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace aion::jobs {
namespace {

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    const auto begin = cell.find_first_not_of(" `");
    const auto end = cell.find_last_not_of(" `");
    cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
  }
  return cells;
}

/// The table of docs/jobs.md whose first cell is "state": by state and event, where it leads.
std::map<std::string, std::map<std::string, std::string>> documented() {
  std::ifstream file(AION_SOURCE_FOLDER "/docs/jobs.md");
  std::map<std::string, std::map<std::string, std::string>> table;
  std::vector<std::string> events;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("|")) {
      events.clear();
      continue;
    }
    const auto cells = cells_of(line);
    if (cells[0] == "state") {
      events = cells;
    } else if (!events.empty() && !cells[0].starts_with("-")) {
      for (std::size_t i = 1; i < events.size(); ++i) {
        table[cells[0]][events[i]] = cells.at(i);
      }
    }
  }
  return table;
}

TEST(Lifecycle, IsWhatTheDocumentSays) {
  const auto table = documented();
  ASSERT_EQ(table.size(), kStates);

  for (std::size_t s = 0; s < kStates; ++s) {
    const auto state = static_cast<State>(s);
    for (std::size_t e = 0; e < kEvents; ++e) {
      const auto event = static_cast<Event>(e);
      const auto to = next(state, event);
      const auto row = table.find(std::string(name_of(state)));
      ASSERT_NE(row, table.end()) << name_of(state);
      const auto cell = row->second.find(std::string(name_of(event)));
      ASSERT_NE(cell, row->second.end()) << name_of(event);
      EXPECT_EQ(cell->second, to ? std::string(name_of(*to)) : "")
          << name_of(state) << ", " << name_of(event);
    }
  }
}

TEST(Lifecycle, NeverRunsAgainWhatHasEnded) {
  for (const State state : {State::Succeeded, State::Failed, State::Cancelled}) {
    for (std::size_t e = 0; e < kEvents; ++e) {
      EXPECT_FALSE(next(state, static_cast<Event>(e)));
    }
  }
}

TEST(Lifecycle, CanCancelWhateverHasNotEnded) {
  for (std::size_t s = 0; s < kStates; ++s) {
    const auto state = static_cast<State>(s);
    EXPECT_EQ(next(state, Event::Cancel).has_value(), !is_final(state)) << name_of(state);
  }
}

TEST(Lifecycle, CountsTheWorkOfAJobThatEndsWellThoughItIsBeingStopped) {
  EXPECT_EQ(next(State::Cancelling, Event::Ended), State::Succeeded);
  EXPECT_EQ(next(State::Requeueing, Event::Ended), State::Succeeded);
}

TEST(Lifecycle, FindsEachStateByItsName) {
  for (std::size_t s = 0; s < kStates; ++s) {
    const auto state = static_cast<State>(s);
    EXPECT_EQ(find_state(name_of(state)), state);
  }
  EXPECT_FALSE(find_state("sleeping"));
}

}  // namespace
}  // namespace aion::jobs
