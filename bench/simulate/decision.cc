// What one decision costs on a busy machine: thousands of claims wait, a thousand run, one ends and
// one comes.
//
// usage: bench_decision [--waiting N] [--running N] [--decisions N] [POLICY...]
//
// Prints a line a policy: microseconds from the end of a claim to the decisions that follow,
// median, 99 % and longest.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <random>
#include <string>

#include "sched/policies.h"
#include "sched/scheduler.h"

namespace {

using aion::sched::Claim;
using aion::sched::ClaimId;
using aion::sched::Decision;
using aion::sched::Scheduler;
using aion::sched::Ticks;

struct Options {
  std::size_t waiting = 10'000;
  std::size_t running = 1'000;
  std::size_t decisions = 20'000;
  std::vector<std::string> policies;
};

Claim random_claim(std::mt19937& random, Ticks now, std::uint64_t id) {
  Claim claim;
  claim.id = id;
  claim.arrival = now;
  claim.request = 10 + static_cast<Ticks>(random() % 36'000);
  claim.runtime = 1 + static_cast<Ticks>(random()) % claim.request;
  claim.processors = 1 << (random() % 6);
  claim.user = static_cast<std::int32_t>(random() % 200);
  return claim;
}

double measure(
    Scheduler& scheduler, Ticks now, ClaimId ends, const Claim& comes, std::vector<Decision>& out) {
  const auto begin = std::chrono::steady_clock::now();
  scheduler.finish(ends, now);
  scheduler.submit(comes, now);
  scheduler.decide(now, out);
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
      .count();
}

void keep_book(const std::vector<Decision>& decisions, std::vector<ClaimId>& running) {
  for (const Decision& decision : decisions) {
    if (decision.action == Decision::Action::Start) {
      running.push_back(decision.claim);
    } else {
      std::erase(running, decision.claim);
    }
  }
}

int bench(const Options& options, const std::string& name) {
  const auto policy = aion::sched::find_policy(name);
  if (!policy) {
    std::fprintf(stderr, "%s\n", policy.error().message.c_str());
    return 2;
  }
  std::mt19937 random(1);
  constexpr std::size_t kMeanWidth = 10;  // of 1, 2, 4, ... 32
  Scheduler scheduler(*policy, static_cast<std::int64_t>(options.running * kMeanWidth));
  std::vector<ClaimId> running;
  std::vector<Decision> decisions;
  std::uint64_t id = 0;
  while (id < options.waiting + options.running) {
    scheduler.submit(random_claim(random, 0, id), 0);
    ++id;
  }
  scheduler.decide(0, decisions);
  keep_book(decisions, running);
  const std::size_t at_first = running.size();
  std::vector<double> took;
  for (Ticks now = 1; took.size() < options.decisions && !running.empty(); ++now) {
    const std::size_t at = random() % running.size();
    const ClaimId ends = running[at];
    running[at] = running.back();
    running.pop_back();
    decisions.clear();
    took.push_back(measure(scheduler, now, ends, random_claim(random, now, id++), decisions));
    keep_book(decisions, running);
  }
  std::sort(took.begin(), took.end());
  std::printf(
      "%-18s %6zu waiting %5zu running  median %8.2f us  99 %% %8.2f us  longest %9.2f us\n",
      name.c_str(),
      scheduler.waiting(),
      at_first,
      took[took.size() / 2],
      took[took.size() * 99 / 100],
      took.back());
  return 0;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (!word.starts_with("--")) {
      options.policies.push_back(word);
    } else if (i + 1 < count && word == "--waiting") {
      options.waiting = std::stoul(words[++i]);
    } else if (i + 1 < count && word == "--running") {
      options.running = std::stoul(words[++i]);
    } else if (i + 1 < count && word == "--decisions") {
      options.decisions = std::stoul(words[++i]);
    } else {
      std::fprintf(
          stderr,
          "usage: bench_decision [--waiting N] [--running N] [--decisions N] [POLICY...]\n");
      return 2;
    }
  }
  if (options.policies.empty()) {
    options.policies = {"fcfs", "sjfg-req", "easy", "easy-sjbf", "default", "srsf", "las"};
  }
  for (const std::string& policy : options.policies) {
    if (const int failed = bench(options, policy); failed != 0) {
      return failed;
    }
  }
  return 0;
}
