#include "protocol/kserve/grpc_context.h"

#include <chrono>

#include <grpc/support/time.h>

namespace aion::kserve {

namespace {

TimePoint deadline_of(const ::grpc::CallbackServerContext& call) {
  const gpr_timespec deadline = call.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
    return kNever;
  }
  // The library's monotonic clock and std::chrono::steady_clock are both CLOCK_MONOTONIC.
  const gpr_timespec monotonic = gpr_convert_clock_type(deadline, GPR_CLOCK_MONOTONIC);
  return TimePoint(std::chrono::seconds(monotonic.tv_sec) +
                   std::chrono::nanoseconds(monotonic.tv_nsec));
}

std::string_view authorization_of(const ::grpc::CallbackServerContext& call) {
  const auto& metadata = call.client_metadata();
  const auto found = metadata.find("authorization");
  return found == metadata.end() ? std::string_view()
                                 : std::string_view(found->second.data(), found->second.size());
}

}  // namespace

std::string address_of_peer(std::string_view peer) {
  const std::size_t scheme = peer.find(':');
  const std::size_t port = peer.rfind(':');
  if (scheme == std::string_view::npos || port <= scheme) {
    return std::string(peer);
  }
  std::string_view address = peer.substr(scheme + 1, port - scheme - 1);
  constexpr std::string_view kOpen = "%5B";  // an IPv6 address in brackets, percent-encoded
  constexpr std::string_view kClose = "%5D";
  if (address.starts_with(kOpen) && address.ends_with(kClose)) {
    address.remove_prefix(kOpen.size());
    address.remove_suffix(kClose.size());
  }
  return std::string(address);
}

Result<RequestContext> context_of(const ::grpc::CallbackServerContext& call,
                                  const security::Authorizer& authorizer) {
  const std::string peer = address_of_peer(call.peer());
  RequestContext context;
  AION_TRY(context.principal, authorizer.identify({peer, authorization_of(call)}));
  context.deadline = deadline_of(call);
  return context;
}

}  // namespace aion::kserve
