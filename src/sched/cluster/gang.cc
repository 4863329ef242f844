#include "sched/cluster/gang.h"

#include <string>

namespace aion::sched {
namespace {

Error wrong(const Gang& gang,
            std::string_view field,
            std::string_view expected,
            const std::string& got) {
  return {Code::InvalidArgument,
          "claim " + std::to_string(gang.id) + ": " + std::string(field) + " must be " +
              std::string(expected) + ", got " + got};
}

Result<void> check_member(const Gang& gang, const MemberShape& member) {
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  if (member.cpu_milli < 0 || member.cpu_milli > kMost) {
    return wrong(gang, "cpu_milli", "in 0 to 2^40", std::to_string(member.cpu_milli));
  }
  if (member.memory_mib < 0 || member.memory_mib > kMost) {
    return wrong(gang, "memory_mib", "in 0 to 2^40", std::to_string(member.memory_mib));
  }
  if (member.gpus < 0 || member.gpus > std::int32_t{kMostGpus}) {
    return wrong(gang, "gpus", "in 0 to " + std::to_string(kMostGpus), std::to_string(member.gpus));
  }
  if (member.gpus > 0 && (member.gpu_milli < 1 || member.gpu_milli > kWholeGpu)) {
    return wrong(gang, "gpu_milli", "in 1 to 1000", std::to_string(member.gpu_milli));
  }
  if (member.gpu_memory_mib < 0) {
    return wrong(gang, "gpu_memory_mib", "at least 0", std::to_string(member.gpu_memory_mib));
  }
  if (gang.may_suspend && member.gpus > 0 && member.gpu_memory_mib == 0) {
    return wrong(
        gang, "gpu_memory_mib", "stated where may_suspend is set, since it is kept meanwhile", "0");
  }
  return {};
}

}  // namespace

Result<void> check(const Gang& gang) {
  if (gang.members.empty()) {
    return wrong(gang, "members", "at least one", "none");
  }
  if (gang.least > gang.members.size()) {
    return wrong(gang,
                 "least",
                 "at most the " + std::to_string(gang.members.size()) + " members",
                 std::to_string(gang.least));
  }
  for (const MemberShape& member : gang.members) {
    AION_TRY_VOID(check_member(gang, member));
    if (gang.least_members() < gang.members.size() && member != gang.members.front()) {
      return wrong(gang,
                   "least",
                   "all members where they are not alike",
                   std::to_string(gang.least) + " of " + std::to_string(gang.members.size()));
    }
  }
  constexpr Ticks kMostTicks = Ticks{1} << 40;
  if (gang.grace < 0 || gang.grace > kMostTicks) {
    return wrong(gang, "grace", "in 0 to 2^40", std::to_string(gang.grace));
  }
  if (gang.restart_cost < 0 || gang.restart_cost > kMostTicks) {
    return wrong(gang, "restart_cost", "in 0 to 2^40", std::to_string(gang.restart_cost));
  }
  return {};
}

Resources resources_of(const Gang& gang, std::size_t members) {
  Resources sum;
  for (std::size_t member = 0; member < members; ++member) {
    sum += resources_of(gang.members[member]);
  }
  return sum;
}

}  // namespace aion::sched
