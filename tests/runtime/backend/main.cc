// Runs the tests, or, when a test starts this program again with the word "worker", a worker
// process with the backend echo.
#include <array>
#include <cstring>
#include <string_view>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/spawn.h"
#include "runtime/backend/echo.h"
#include "runtime/backend/worker.h"
#include "runtime/backend/worker/process.h"
#include "runtime/backend/worker/region.h"
#include "runtime/backend/worker/serve.h"
#include "tests/runtime/backend/children.h"

namespace aion::runtime::worker {
namespace {

bool has_argument(int argc, char** argv, std::string_view wanted) {
  return std::find(argv, argv + argc, wanted) != argv + argc;
}

int serve_echo() {
  Executors executors({.io = 1, .compute = 2, .blocking = 1});
  const auto echo = make_echo(executors.clock());
  const auto find = [&](const catalog::ModelVersion& /*version*/) {
    return Result<Backend*>(echo.get());
  };
  const auto served = serve(executors, find);
  executors.join();
  return served ? 0 : 1;
}

/// Writes rubbish where the daemon expects a greeting, then waits to be killed.
int spoil_the_ring() {
  auto region = Region::attach(Descriptor(kRegionDescriptor));
  const auto ring = region->to_daemon();
  std::memset(ring.data.data(), 0x5a, ring.data.size());
  ring.control.tail = 4096;
  const std::uint64_t one = 1;
  static_cast<void>(!::write(kDaemonBellDescriptor, &one, sizeof(one)));
  ::pause();
  return 0;
}

int be_a_worker(int argc, char** argv) {
  if (has_argument(argc, argv, "--spoil")) {
    return spoil_the_ring();
  }
  if (has_argument(argc, argv, "--exit")) {
    return 7;
  }
  if (has_argument(argc, argv, "--silent")) {
    ::pause();
  }
  if (!die_with_parent(::getppid())) {
    return 2;
  }
  return serve_echo();
}

/// Starts a worker, writes its process id to stdout as four bytes, and waits to be killed.
int hold_a_worker() {
  Executors executors({.io = 1, .compute = 1, .blocking = 1});
  const auto echo = make_echo(executors.clock());
  WorkerOptions options;
  options.program = "/proc/self/exe";
  const auto backend = make_worker(*echo, executors.clock(), options);
  const auto instance = wait_for(inline_executor(), backend->open({}, resource::Lease()));
  const pid_t worker = *children().begin();
  static_cast<void>(!::write(STDOUT_FILENO, &worker, sizeof(worker)));
  ::pause();
  return instance ? 0 : 1;
}

}  // namespace
}  // namespace aion::runtime::worker

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "worker") {
    return aion::runtime::worker::be_a_worker(argc, argv);
  }
  if (argc > 1 && std::string_view(argv[1]) == "hold") {
    return aion::runtime::worker::hold_a_worker();
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
