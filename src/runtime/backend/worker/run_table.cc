#include "runtime/backend/worker/run_table.h"

#include <string>
#include <utility>

namespace aion::runtime::worker {

namespace {

Error unexpected(const std::string& what) {
  return Error{Code::Internal, "unexpected response: " + what};
}

}  // namespace

Result<void> PendingRun::check(const Response& response) const {
  if (!expected_.is_decoupled && responses_ > 0) {
    return unexpected("it is the second of a run that has one");
  }
  if (response.outputs.size() != expected_.outputs.size()) {
    return unexpected("it has " + std::to_string(response.outputs.size()) + " outputs, " +
                      std::to_string(expected_.outputs.size()) + " were asked for");
  }
  for (std::size_t i = 0; i < response.outputs.size(); ++i) {
    const tensor::Tensor& output = response.outputs[i];
    if (output.is_present() && output.dtype != expected_.outputs[i]) {
      return unexpected("output " + std::to_string(i) + " is " +
                        std::string(tensor::to_string(output.dtype)) + ", not " +
                        std::string(tensor::to_string(expected_.outputs[i])));
    }
  }
  return {};
}

Result<void> PendingRun::deliver(Response response) {
  AION_TRY_VOID(check(response));
  {
    const std::scoped_lock lock(mutex_);
    if (outcome_) {
      return {};
    }
    is_sending_ = true;
  }
  ++responses_;
  sink_.send(std::move(response));
  bool has_ended = false;
  {
    const std::scoped_lock lock(mutex_);
    is_sending_ = false;
    has_ended = outcome_.has_value();
  }
  if (has_ended) {
    ended_.set();
  }
  return {};
}

void PendingRun::end(Result<void> outcome) {
  {
    const std::scoped_lock lock(mutex_);
    if (outcome_) {
      return;
    }
    outcome_ = std::move(outcome);
    if (is_sending_) {
      return;  // deliver() sets the event
    }
  }
  ended_.set();
}

void PendingRun::end_as_told(Result<void> outcome) {
  if (outcome && !expected_.is_decoupled && responses_ == 0) {
    end(Error{Code::Internal, "the backend ended the run without a response"});
    return;
  }
  end(std::move(outcome));
}

void RunTable::open(std::shared_ptr<Channel> channel) {
  const std::scoped_lock lock(mutex_);
  channel_ = std::move(channel);
}

void RunTable::close(const Error& why) {
  std::map<std::uint64_t, std::shared_ptr<PendingRun>> runs;
  {
    const std::scoped_lock lock(mutex_);
    channel_.reset();
    why_down_ = why;
    runs.swap(runs_);
  }
  for (const auto& [id, run] : runs) {
    run->end(why);
  }
}

Result<RunTable::Ticket> RunTable::add(std::shared_ptr<PendingRun> run) {
  const std::scoped_lock lock(mutex_);
  if (!channel_) {
    return why_down_;
  }
  const Ticket ticket{channel_, next_id_++};
  runs_.emplace(ticket.id, std::move(run));
  return ticket;
}

void RunTable::remove(std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  runs_.erase(id);
}

std::shared_ptr<PendingRun> RunTable::find(std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  const auto found = runs_.find(id);
  return found == runs_.end() ? nullptr : found->second;
}

std::shared_ptr<Channel> RunTable::channel() {
  const std::scoped_lock lock(mutex_);
  return channel_;
}

}  // namespace aion::runtime::worker
