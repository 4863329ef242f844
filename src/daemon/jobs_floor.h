// The floor of the house where jobs live: store, engine, service, and what guards them.
#pragma once

#include <memory>

#include "base/executor.h"
#include "base/log.h"
#include "base/result.h"
#include "daemon/config.h"
#include "jobs/engine/local.h"
#include "jobs/job_service.h"
#include "resource/ledger.h"
#include "security/owner_token.h"
#include "store/sqlite/sqlite_store.h"

namespace aion::daemon {

/// Built with the house and gone before the rooms below; its service is started and stopped by the
/// house.
class JobsFloor {
 public:
  /// Opens the data folder's database and token. The parts outlive the floor.
  [[nodiscard]] static Result<std::unique_ptr<JobsFloor>> open(const Config& config,
                                                               Executors& executors,
                                                               resource::Ledger& ledger,
                                                               const Log& log);

  /// That jobs may hold together.
  [[nodiscard]] double cores() const { return cores_; }
  [[nodiscard]] jobs::JobService& service() { return service_; }
  [[nodiscard]] const security::OwnerToken& token() const { return token_; }
  [[nodiscard]] store::Store& store() { return *store_; }

 private:
  JobsFloor(const Config& config,
            Executors& executors,
            resource::Ledger& ledger,
            const Log& log,
            std::unique_ptr<store::SqliteStore> store,
            security::OwnerToken token);

  double cores_;
  std::unique_ptr<store::SqliteStore> store_;
  security::OwnerToken token_;
  jobs::LocalEngine engine_;
  jobs::Environments environments_;
  jobs::JobService service_;
};

}  // namespace aion::daemon
