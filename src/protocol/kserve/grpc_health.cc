#include "protocol/kserve/grpc_health.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include <protocol/kserve/health.pb.h>

#include "net/grpc/unary.h"

namespace aion::kserve {

namespace {

using Request = ::grpc::health::v1::HealthCheckRequest;
using Response = ::grpc::health::v1::HealthCheckResponse;

constexpr std::chrono::seconds kLookEvery{1};

Response state_of(bool is_ready) {
  Response response;
  response.set_status(is_ready ? Response::SERVING : Response::NOT_SERVING);
  return response;
}

/// Tells the state at once and whenever it has changed, until the client goes away.
class WatchCall final : public net::GrpcReceiver, public std::enable_shared_from_this<WatchCall> {
 public:
  WatchCall(std::shared_ptr<net::GrpcCall> call, const serving::ModelServer& models, Clock& clock)
      : call_(std::move(call)), models_(models), clock_(clock) {
    call_->read();
  }

  void on_message(std::string_view /*message*/) override { look(); }
  void on_half_close() override {}
  void on_stopping() override {
    call_->finish({net::GrpcCode::Unavailable, "the server is stopping"});
  }
  void on_cancel() override {
    std::unique_ptr<Timer> last;
    const std::scoped_lock lock(mutex_);
    is_over_ = true;
    last = std::move(timer_);
  }

 private:
  // On the connection's thread first, then on the clock's.
  void look() {
    const bool is_ready = models_.is_ready();
    if (is_news(is_ready)) {
      call_->write(state_of(is_ready).SerializeAsString());  // may call back into this object
    }
  }

  /// Sets the next look; false when there is nothing to tell.
  bool is_news(bool is_ready) {
    const std::scoped_lock lock(mutex_);
    if (is_over_) {
      return false;
    }
    timer_ = clock_.at(clock_.now() + kLookEvery, [self = weak_from_this()] {
      if (const auto call = self.lock()) {
        call->look();
      }
    });
    return std::exchange(told_, is_ready) != is_ready;
  }

  std::shared_ptr<net::GrpcCall> call_;
  const serving::ModelServer& models_;
  Clock& clock_;
  std::mutex mutex_;
  std::optional<bool> told_;
  std::unique_ptr<Timer> timer_;
  bool is_over_ = false;
};

}  // namespace

net::GrpcService health_service(const serving::ModelServer& models, Clock& clock) {
  net::GrpcService service;
  service.name = "grpc.health.v1.Health";
  service.methods.emplace_back("Check", net::unary<Request, Response>([&models](const auto& call) {
                                 call->response() = state_of(models.is_ready());
                                 call->finish({});
                               }));
  service.methods.emplace_back("Watch", [&models, &clock](std::shared_ptr<net::GrpcCall> call) {
    return std::make_shared<WatchCall>(std::move(call), models, clock);
  });
  return service;
}

}  // namespace aion::kserve
