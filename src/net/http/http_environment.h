// What all HTTP connections of a server share.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "net/http/host_check.h"
#include "net/http/server.h"
#include "net/io/connection_count.h"

namespace aion::net {

/// Memory that a request takes and gives back, so that it need not be allocated each time. One for
/// each loop.
struct HttpMemory {
  std::string response_head;
  std::vector<HttpHeader> headers;
  std::string last_allowed_host;  // the Host that was checked last, mostly the next one's too
};

struct HttpEnvironment {
  HttpEnvironment(HttpConfig settings, HttpHandler& to, std::size_t loops, const Log& events)
      : config(std::move(settings)),
        handler(to),
        hosts(config.address, config.allowed_hosts, config.allow_any_host),
        log(events),
        memory(loops) {}

  HttpConfig config;
  HttpHandler& handler;
  HostCheck hosts;
  const Log& log;
  std::vector<HttpMemory> memory;  // by loop
  std::shared_ptr<ConnectionCount> count = std::make_shared<ConnectionCount>();
};

}  // namespace aion::net
