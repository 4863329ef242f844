#include "jobs/migrations.h"

#include <array>

namespace aion::jobs {

namespace {

constexpr std::array<store::Migration, 1> kMigrations{{
    {"jobs", 1, R"sql(
CREATE TABLE job (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  project_id  TEXT NOT NULL,
  user        TEXT NOT NULL,
  name        TEXT NOT NULL,
  spec        TEXT NOT NULL,              -- JSON
  array       INTEGER NOT NULL DEFAULT 0, -- number of the first of its array
  array_index INTEGER NOT NULL DEFAULT 0,
  state       TEXT NOT NULL,
  is_final    INTEGER NOT NULL DEFAULT 0,
  reason      TEXT NOT NULL DEFAULT '',
  submitted_us INTEGER NOT NULL,          -- times: microseconds since 1970, UTC
  started_us  INTEGER,
  ended_us    INTEGER,
  attempt     INTEGER NOT NULL DEFAULT 0,
  failures    INTEGER NOT NULL DEFAULT 0,
  placement   TEXT,                       -- JSON
  leases      TEXT,                       -- JSON
  environment TEXT NOT NULL DEFAULT '',   -- key
  end         TEXT                        -- JSON
);
CREATE INDEX job_open ON job (project_id, number) WHERE is_final = 0;
CREATE INDEX job_project ON job (project_id, number);
CREATE INDEX job_state ON job (project_id, state, number);
CREATE INDEX job_array ON job (array, number) WHERE array > 0;
CREATE TABLE environment (                -- what jobs have run in, exactly
  project_id TEXT NOT NULL,
  key        TEXT NOT NULL,
  python     TEXT NOT NULL,
  contents   TEXT NOT NULL,               -- a package a line
  PRIMARY KEY (project_id, key)
) WITHOUT ROWID;
CREATE TABLE job_transition (
  project_id TEXT NOT NULL,
  job        INTEGER NOT NULL REFERENCES job (number) ON DELETE CASCADE,
  step       INTEGER NOT NULL,            -- 1, 2, ... of the job
  at_us      INTEGER NOT NULL,
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  event      TEXT NOT NULL,
  words      TEXT NOT NULL,
  PRIMARY KEY (job, step)
) WITHOUT ROWID;
)sql"},
}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

}  // namespace aion::jobs
