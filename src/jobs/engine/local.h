// The engine of this machine: each member of a job under a supervisor of its own.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/executor.h"
#include "base/log.h"
#include "jobs/engine/engine.h"
#include "runtime/process/control_group.h"
#include "runtime/process/supervised.h"

namespace aion::jobs {

/// Attempts have folders of their own below the root, "<job>/<number>/<rank>": all that a later
/// engine needs to find them.
class LocalEngine final : public Engine {
 public:
  struct Options {
    std::filesystem::path root;        // for its owner alone
    std::filesystem::path supervisor;  // the program
    runtime::ControlGroups groups = runtime::ControlGroups::none();
  };
  /// The executors outlive it, and have ended before it does.
  LocalEngine(Executors& executors, const Log& log, Options options);
  ~LocalEngine() override;

  void listen(Listener& listener) override { listener_ = &listener; }
  [[nodiscard]] Task<Placement> submit(AttemptId attempt,
                                       resource::Claim claim,
                                       std::vector<std::uint32_t> cpus,
                                       ProgramSpec spec) override;
  [[nodiscard]] Task<Phase> find(AttemptId attempt, std::string token) override;
  [[nodiscard]] Task<void> stop(AttemptId attempt) override;
  [[nodiscard]] Task<void> suspend(AttemptId attempt) override;
  [[nodiscard]] Task<void> resume(AttemptId attempt) override;
  [[nodiscard]] Task<void> signal(AttemptId attempt, int number) override;
  [[nodiscard]] Task<LogPart> log(AttemptId attempt,
                                  std::uint32_t member,
                                  std::uint64_t offset,
                                  std::size_t limit) override;
  [[nodiscard]] Task<Usage> usage(AttemptId attempt) override;
  [[nodiscard]] Task<void> forget(AttemptId attempt) override;

 private:
  struct Member;
  struct Attempt;
  class Watch;
  using AttemptPointer = std::shared_ptr<Attempt>;

  [[nodiscard]] Result<Placement> begin(const AttemptId& id,
                                        const resource::Claim& claim,
                                        const std::vector<std::uint32_t>& cpus,
                                        const ProgramSpec& spec);
  [[nodiscard]] Result<void> begin_member(Attempt& attempt,
                                          std::uint32_t rank,
                                          runtime::ProgramOrder order,
                                          const runtime::GroupLimits& limits);
  [[nodiscard]] Result<Phase> find_again(const AttemptId& id);
  void watch(const AttemptPointer& attempt);
  void begin_watch(const AttemptPointer& attempt, std::size_t rank);
  [[nodiscard]] std::unique_ptr<Watch> end_watch(const Watch& watch);
  void note_start(const AttemptPointer& attempt, std::size_t rank);
  void note_end(const AttemptPointer& attempt, std::size_t rank);
  [[nodiscard]] End end_of(const Attempt& attempt, Member& member);
  void clean_up(const Member& member, bool is_lost) const;
  [[nodiscard]] Result<void> demand(const AttemptId& id, runtime::Demand demand, int number);
  [[nodiscard]] AttemptPointer attempt_of(const AttemptId& id);
  [[nodiscard]] std::filesystem::path folder_of(const AttemptId& id) const;
  [[nodiscard]] Result<void> check(const AttemptId& id) const;

  Executors& executors_;
  const Log& log_;
  Options options_;
  Listener* listener_ = nullptr;

  std::mutex mutex_;                              // for what is below, and all that it points to
  std::map<AttemptId, AttemptPointer> attempts_;  // that have not ended
  std::map<const Watch*, std::unique_ptr<Watch>> watches_;
};

}  // namespace aion::jobs
