// Runs another backend in a supervised child process, so that a crash in it fails its own runs
// only.
//
// Each opened version has a process of its own: `<program> worker`, started without a shell, with
// only the descriptors that it needs. Daemon and process share one sealed memfd with a ring in each
// direction; eventfds wake them. Requests and responses are records in the rings, several runs at
// once, matched by number, several responses per run. A tensor is copied once into the ring and
// once out of it on each side (in the daemon: request -> ring, ring -> the response's own buffer);
// one that is larger than the ring flows through it in pieces, so that nothing is ever shared but
// the rings. While a ring is full, messages wait in a queue of references and no thread waits with
// them.
//
// The process is not trusted: everything read from its ring is checked, and what makes no sense
// ends the process.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/backend/backend.h"

namespace aion::runtime {

struct WorkerOptions {
  std::filesystem::path program;  // main() of which calls worker_main() for the word "worker"
  std::vector<std::string>
      arguments;  // follow the word "worker": worker_arguments() of runtime/worker_main.h
  std::size_t ring_bytes = std::size_t{1} << 20U;  // of each of the two rings; a power of two
  std::size_t queue_limit = 1024;                  // requests that wait for room in the ring
  Duration first_restart_delay = std::chrono::milliseconds(100);  // doubled after each death ...
  Duration last_restart_delay = std::chrono::seconds(10);         // ... up to this
  Duration healthy_after =
      std::chrono::minutes(1);  // a life as long as this starts over with the first
  Duration hello_limit =
      std::chrono::seconds(30);  // real time; a process that says nothing so long is killed
  Duration open_limit = std::chrono::minutes(10);  // real time; so long may a load take
  Duration stop_limit = std::chrono::seconds(2);   // real time; then the process is killed
};

/// The backend with `inner`'s name that runs it in worker processes; `inner` itself is only asked
/// for name and estimate.
///
/// An instance has one thread, which reads the ring and starts the process again when it has died:
/// after 100 ms, doubled each time up to 10 s, by `clock`. Until the version is open again runs
/// fail with Unavailable at once. A response is sent on from that thread; the run goes on on the
/// executor that its coroutine was spawned on. A cancelled run ends at once; the process learns of
/// it and its late responses are dropped. open() blocks its thread until the process has opened the
/// version. Destroying an instance asks the process to end and waits up to stop_limit: do it on the
/// blocking executor. `inner` and `clock` outlive the backend and its instances.
[[nodiscard]] std::unique_ptr<Backend> make_worker(const Backend& inner,
                                                   Clock& clock,
                                                   WorkerOptions options);

}  // namespace aion::runtime
