#include "net/grpc/server.h"

#include <limits>
#include <utility>

#include <absl/synchronization/mutex.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

namespace aion::net {

namespace {

using boost::asio::ip::tcp;

// Reflection is the only service with blocking handlers; its calls are rare and short.
constexpr int kMaxBlockingThreads = 4;
constexpr int kIdleCheckMs =
    10'000;  // how often a spare blocking thread looks whether it is needed

Error cannot_listen(const std::string& where, const std::string& why) {
  return Error{Code::Unavailable, "cannot listen on " + where + ": " + why};
}

/// Tries the port, so that a failure has the system's own words: the library only says that there
/// is one.
Result<void> check_free(const boost::asio::ip::address& address,
                        std::uint16_t port,
                        const std::string& where) {
  boost::asio::io_context context;
  tcp::acceptor acceptor(context);
  const tcp::endpoint endpoint(address, port);
  boost::system::error_code failed;
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) {
    acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  }
  if (!failed) {
    acceptor.bind(endpoint, failed);
  }
  if (!failed) {
    acceptor.listen(1, failed);
  }
  return failed ? cannot_listen(where, failed.message()) : Result<void>();
}

/// Triton's defaults, which its clients and load balancers in front of it are tuned to.
void set_keepalive(::grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 7'200'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 2);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 300'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
}

void set_limits(::grpc::ServerBuilder& builder) {
  // The library's own default of 4 MiB breaks every client that sends images.
  builder.SetMaxReceiveMessageSize(std::numeric_limits<std::int32_t>::max());
  builder.SetMaxSendMessageSize(std::numeric_limits<std::int32_t>::max());
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT,
                             0);  // two servers must not share a port unnoticed
  // Counts per call that nobody reads here; some percent of a small call's CPU (bench/serving).
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
  ::grpc::ResourceQuota quota("aion");
  quota.SetMaxThreads(kMaxBlockingThreads);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(::grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(::grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(::grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.SetSyncServerOption(::grpc::ServerBuilder::CQ_TIMEOUT_MSEC, kIdleCheckMs);
}

}  // namespace

GrpcServer::GrpcServer(std::unique_ptr<::grpc::Server> server, std::uint16_t port)
    : server_(std::move(server)), port_(port) {}

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(const GrpcConfig& config,
                                                      const std::vector<::grpc::Service*>& services,
                                                      const Log& log) {
  boost::system::error_code failed;
  const auto address = boost::asio::ip::make_address(config.address, failed);
  const std::string host = address.is_v6() ? "[" + config.address + "]" : config.address;
  const std::string where = host + ":" + std::to_string(config.port);
  if (failed) {
    return Error{
        Code::InvalidArgument,
        "cannot listen on '" + config.address + "': expected an IP address such as 127.0.0.1"};
  }
  AION_TRY_VOID(check_free(address, config.port, where));

  // Debian builds Abseil with its lock-order checker on: 5 to 8 % of a small call's CPU inside gRPC
  // (bench/serving).
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  ::grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  ::grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(where, ::grpc::InsecureServerCredentials(), &port);
  set_limits(builder);
  set_keepalive(builder);
  for (::grpc::Service* service : services) {
    builder.RegisterService(service);
  }
  std::unique_ptr<::grpc::Server> server = builder.BuildAndStart();
  if (!server || port == 0) {
    return cannot_listen(where,
                         "the port was taken in this moment, or the services do not fit together");
  }
  log.info("grpc server started", {{"address", host}, {"port", port}});
  return std::unique_ptr<GrpcServer>(
      new GrpcServer(std::move(server), static_cast<std::uint16_t>(port)));
}

GrpcServer::~GrpcServer() {
  stop(std::chrono::milliseconds{0});
}

void GrpcServer::stop(std::chrono::milliseconds limit) {
  if (server_) {
    server_->Shutdown(std::chrono::system_clock::now() + limit);
    server_.reset();
  }
}

}  // namespace aion::net
