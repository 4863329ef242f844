// The one place where objects meet: builds the house bottom up, stops it top down.
#pragma once

#include <memory>

#include "base/config_table.h"
#include "base/result.h"
#include "daemon/config.h"
#include "daemon/data_folder.h"

namespace aion::daemon {

/// Everything a running daemon is made of.
///
/// Thread safety: start() and stop() from the same thread, which is none of the pools'.
class Daemon {
 public:
  /// `config` has been checked; `settings` outlives the daemon.
  [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(const Config& config,
                                                             const ConfigTable& settings);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  [[nodiscard]] Addresses addresses() const;
  [[nodiscard]] std::size_t ready_models() const;

  /// Ready turns false, requests under way finish up to the limit, then everything ends.
  void stop();

 private:
  struct House;
  explicit Daemon(std::unique_ptr<House> house);
  std::unique_ptr<House> house_;
};

}  // namespace aion::daemon
