#include "runtime/backend/worker.h"

#include <algorithm>
#include <utility>

#include "runtime/backend/worker/run_table.h"
#include "runtime/backend/worker/supervisor.h"
#include "runtime/backend/worker/wire.h"

namespace aion::runtime {

namespace {

using worker::Kind;
using worker::Message;
using worker::PendingRun;
using worker::RunTable;
using worker::Supervisor;

Error cancelled() {
  return Error{Code::Cancelled, "the request was cancelled"};
}

bool is_in_host_memory(const tensor::Tensor& input) {
  return input.data.kind != tensor::MemoryKind::Cuda;
}

class WorkerInstance final : public Instance {
 public:
  WorkerInstance(std::shared_ptr<Supervisor> supervisor,
                 catalog::Signature signature,
                 WorkerOptions options)
      : supervisor_(std::move(supervisor)),
        signature_(std::move(signature)),
        options_(std::move(options)) {}
  ~WorkerInstance() override { supervisor_->stop(); }
  WorkerInstance(const WorkerInstance&) = delete;
  WorkerInstance& operator=(const WorkerInstance&) = delete;

  [[nodiscard]] const catalog::Signature& signature() const override { return signature_; }

  [[nodiscard]] Task<void> run(Batch batch, CancelToken cancel, ResponseSink& sink) override {
    if (!std::ranges::all_of(batch.inputs, is_in_host_memory)) {
      co_return Error{Code::InvalidArgument, "a worker process takes inputs in host memory only"};
    }
    if (cancel.is_cancelled()) {
      co_return cancelled();
    }
    const auto run = std::make_shared<PendingRun>(expected(batch), sink);
    AION_CO_TRY(const RunTable::Ticket ticket, supervisor_->runs().add(run));
    if (auto sent = send(ticket, std::move(batch)); !sent) {
      supervisor_->runs().remove(ticket.id);
      co_return std::move(sent).error();
    }
    {
      const CancelHook hook = cancel.when_cancelled([run] { run->end(cancelled()); });
      co_await run->wait();
    }
    supervisor_->runs().remove(ticket.id);
    const Result<void> outcome = run->outcome();
    if (!outcome && outcome.error().code == Code::Cancelled) {
      withdraw(ticket);
    }
    co_return outcome;
  }

  void shrink() override {
    if (const auto channel = supervisor_->runs().channel()) {
      const Message message{Kind::Shrink, 0, {}, {}};
      static_cast<void>(channel->send(message));  // a worker that is gone has nothing to give back
    }
  }

 private:
  [[nodiscard]] PendingRun::Expected expected(const Batch& batch) const {
    PendingRun::Expected expected;
    expected.is_decoupled = supervisor_->version().is_decoupled;
    for (const std::uint32_t output : batch.outputs) {
      expected.outputs.push_back(signature_.outputs[output].dtype);
    }
    return expected;
  }

  Result<void> send(const RunTable::Ticket& ticket, Batch batch) {
    const std::string body =
        encode(worker::RunBody{std::move(batch.outputs), std::move(batch.parameters)});
    const Message message{Kind::Run, ticket.id, body, std::move(batch.inputs)};
    return ticket.channel->send(message, options_.queue_limit);
  }

  static void withdraw(const RunTable::Ticket& ticket) {
    if (!ticket.channel->withdraw(Kind::Run, ticket.id)) {
      const Message message{Kind::Cancel, ticket.id, {}, {}};
      static_cast<void>(
          ticket.channel->send(message));  // a worker that is gone runs nothing any more
    }
  }

  std::shared_ptr<Supervisor> supervisor_;
  catalog::Signature signature_;
  WorkerOptions options_;
};

class WorkerBackend final : public Backend {
 public:
  WorkerBackend(const Backend& inner, Clock& clock, WorkerOptions options)
      : inner_(inner), clock_(clock), options_(std::move(options)) {}

  [[nodiscard]] std::string_view name() const override { return inner_.name(); }

  [[nodiscard]] Result<Estimate> estimate(const catalog::ModelVersion& version) const override {
    return inner_.estimate(version);
  }

  [[nodiscard]] Task<std::unique_ptr<Instance>> open(catalog::ModelVersion version,
                                                     resource::Lease lease) override {
    co_return open_now(std::move(version), std::move(lease));
  }

 private:
  Result<std::unique_ptr<Instance>> open_now(catalog::ModelVersion version, resource::Lease lease) {
    version.backend = std::string(inner_.name());
    version.parameters.erase("isolation");
    AION_TRY(const auto supervisor,
             Supervisor::create(std::move(version), std::move(lease), clock_, options_));
    auto signature = supervisor->start();
    if (!signature) {
      supervisor->stop();
      return std::move(signature).error();
    }
    return std::unique_ptr<Instance>(
        std::make_unique<WorkerInstance>(supervisor, *std::move(signature), options_));
  }

  const Backend& inner_;
  Clock& clock_;
  WorkerOptions options_;
};

}  // namespace

std::unique_ptr<Backend> make_worker(const Backend& inner, Clock& clock, WorkerOptions options) {
  return std::make_unique<WorkerBackend>(inner, clock, std::move(options));
}

}  // namespace aion::runtime
