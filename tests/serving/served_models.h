// The parts that serving stands on, over models of the echo backend that a test writes to a folder.
#pragma once

#include <string>

#include "base/executor.h"
#include "base/log.h"
#include "catalog/repository/folder.h"
#include "resource/ledger.h"
#include "runtime/backends.h"
#include "tests/temporary_folder.h"

namespace aion::serving {

struct ServedModels {
  /// A version that sends its inputs back; it has no file, so something else keeps its folder.
  void write_version(const std::string& model, int version) const {
    folder.write(model + "/" + std::to_string(version) + "/.keep", "");
    write_config(model, "echo");
  }
  void write_config(const std::string& model, const std::string& backend) const {
    folder.write(model + "/config.pbtxt", "backend: \"" + backend + R"("
input [ { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] } ]
version_policy { all { } }
)");
  }

  [[nodiscard]] runtime::BackendEnvironment environment() {
    runtime::BackendEnvironment wanted;
    wanted.clock = &executors.clock();
    return wanted;
  }

  TemporaryFolder folder;
  Executors executors{{1, 1, 2}};
  catalog::FolderRepository repository{{folder.path()}};
  runtime::Backends backends{environment()};
  resource::Ledger ledger = resource::Ledger::without_limit({resource::DeviceKind::Cpu, 0});
  Log log{LogLevel::Off};
};

}  // namespace aion::serving
