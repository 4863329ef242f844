// The one place where objects meet: builds the house bottom up, stops it top down.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/config_table.h"
#include "base/result.h"
#include "daemon/config.h"
#include "daemon/data_folder.h"

namespace aion::daemon {

/// How long answers may still be sent after the requests of a graceful stop have ended: what is
/// left of the limit, but a second at least.
[[nodiscard]] std::chrono::milliseconds time_to_send(std::chrono::milliseconds limit,
                                                     Duration since_stop);

/// Everything a running daemon is made of.
///
/// Thread safety: start(), load() and stop() from the same thread, which is none of the pools'.
class Daemon {
 public:
  /// How many models are in service, or why none can be.
  using Loaded = std::function<void(Result<std::size_t>)>;

  /// Opens the ports and publishes them; answers, but is not ready. `config` has been checked;
  /// `settings` outlives the daemon.
  [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(const Config& config,
                                                             const ConfigTable& settings);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Begins to load the models, once; `loaded` is called on a thread of the daemon's when it is
  /// ready or has failed, never after stop() has begun.
  void load(Loaded loaded);

  [[nodiscard]] Addresses addresses() const;

  /// Ready turns false, requests under way finish up to the limit, then everything ends. A load
  /// that is under way is given up; a library that does not come back from one ends the process,
  /// with status 0, since nobody's request is lost.
  void stop();

 private:
  struct House;
  explicit Daemon(std::unique_ptr<House> house);
  std::unique_ptr<House> house_;
};

}  // namespace aion::daemon
