// What all gRPC connections of a server share.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "net/grpc/call.h"
#include "net/grpc/server.h"
#include "net/io/connection_count.h"

namespace aion::net {

/// Lets a map of strings be asked with a view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

/// Methods by their path: "/grpc.health.v1.Health/Check".
using GrpcMethods = std::unordered_map<std::string, GrpcMethod, TextHash, std::equal_to<>>;

struct GrpcEnvironment {
  GrpcEnvironment(GrpcConfig settings, GrpcMethods all, std::size_t loops, const Log& events)
      : config(std::move(settings)), methods(std::move(all)), log(events), output(loops) {}

  GrpcConfig config;
  GrpcMethods methods;
  const Log& log;
  std::vector<std::string> output;  // by loop: what its connections write their frames into
  std::shared_ptr<ConnectionCount> count = std::make_shared<ConnectionCount>();
};

}  // namespace aion::net
