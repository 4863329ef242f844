#include "protocol/kserve/grpc_stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/executor.h"
#include "base/spawn.h"
#include "protocol/kserve/grpc_context.h"
#include "protocol/kserve/grpc_status.h"
#include "protocol/kserve/urgency.h"

namespace aion::kserve {

namespace {

std::size_t payload_of(const inference::ModelStreamInferResponse& answer) {
  std::size_t bytes = 0;
  for (const std::string& raw : answer.infer_response().raw_output_contents()) {
    bytes += raw.size();
  }
  return bytes;
}

Error not_a_request(std::size_t size) {
  return Error{Code::InvalidArgument,
               "message of " + std::to_string(size) +
                   " bytes: expected a message of type inference.ModelInferRequest, got something "
                   "else"};
}

}  // namespace

std::shared_ptr<StreamCall> StreamCall::open(std::shared_ptr<net::GrpcCall> call,
                                             const GrpcParts& parts) {
  std::shared_ptr<StreamCall> opened(new StreamCall(std::move(call), parts));
  opened->start();
  return opened;
}

void StreamCall::act(std::function<void()> action) {
  const auto self = shared_from_this();
  serial_.run([self, action = std::move(action)] { action(); });
}

void StreamCall::start() {
  Result<RequestContext> checked = context_of(*call_, parts_.authorizer);
  if (!checked) {
    act([this, status = status_of(checked.error())] { give_up(status); });
    return;
  }
  context_ = *std::move(checked);
  context_.cancel = cancel_.token();
  ends_at_first_error_ = call_->metadata("triton_grpc_error") == "true";
  act([this] { read_next(); });
}

void StreamCall::read_next() {
  const std::size_t pending = running_ + in_order_.size() + answers_.size();
  if (is_reading_ || has_read_all_ || is_stopping_ || verdict_ || pending >= kMaxPending) {
    return;
  }
  is_reading_ = true;
  call_->read();
}

void StreamCall::on_half_close() {
  act([this] {
    is_reading_ = false;
    has_read_all_ = true;
    finish_if_done();
  });
}

void StreamCall::on_message(std::string_view message) {
  auto request = std::make_shared<StreamRequest>(shared_from_this());
  auto prepared = std::make_shared<Result<DecodedGrpcInfer>>(
      request->parse(message) ? prepare(*request) : not_a_request(message.size()));
  act([this, request, prepared] { accept(request, *prepared); });
}

Result<DecodedGrpcInfer> StreamCall::prepare(StreamRequest& request) const {
  AION_TRY(DecodedGrpcInfer decoded, request.decode());
  AION_TRY_VOID(add_urgency(
      call_->metadata(kDeadlineHeader), call_->metadata(kCriticalityHeader), decoded.request));
  AION_TRY(const auto version, parts_.models.find(decoded.request.model, decoded.request.version));
  request.set_kind(version->is_decoupled, decoded.wants_empty_final);
  return decoded;
}

void StreamCall::accept(const std::shared_ptr<StreamRequest>& request,
                        Result<DecodedGrpcInfer>& prepared) {
  is_reading_ = false;
  if (verdict_ || is_finished_) {
    return;
  }
  ++running_;
  if (!request->is_decoupled()) {
    in_order_.push_back({request, false});
  }
  read_next();
  if (prepared) {
    spawn(inline_executor(), run(request, *std::move(prepared)));
  } else {
    end(request, prepared.error());
  }
}

Awaitable<void> StreamCall::run(std::shared_ptr<StreamRequest> request, DecodedGrpcInfer decoded) {
  const std::shared_ptr<StreamCall> stream = request->stream();
  RequestContext context = stream->context_;
  const Result<void> ended = co_await stream->parts_.models.infer(
      std::move(context), std::move(decoded.request), *request);
  stream->end(request, ended);
}

void StreamCall::end(const std::shared_ptr<StreamRequest>& request, const Result<void>& ended) {
  request->end(ended);
  act([this, request] {
    --running_;
    release(request);
    read_next();
    finish_if_done();
  });
}

void StreamCall::release(const std::shared_ptr<StreamRequest>& ended) {
  if (ended->is_decoupled()) {
    settle(*ended);
    return;
  }
  const auto mine = std::ranges::find(in_order_, ended, &Ordered::request);
  mine->has_ended = true;
  while (!in_order_.empty() && in_order_.front().has_ended) {
    const std::shared_ptr<StreamRequest> next = std::move(in_order_.front().request);
    in_order_.pop_front();
    settle(*next);
  }
}

void StreamCall::settle(const StreamRequest& request) {
  if (request.fault() && ends_at_first_error_) {
    give_up(status_of(*request.fault()));
  } else if (request.last()) {
    queue(request.last());
  }
}

void StreamCall::put(Answer answer) {
  act([this, answer = std::move(answer)] { queue(answer); });
}

void StreamCall::queue(Answer answer) {
  if (verdict_) {
    return;
  }
  const std::size_t bytes = payload_of(*answer);
  const bool is_full =
      answers_.size() >= kMaxWaitingAnswers || waiting_bytes_ + bytes > kMaxWaitingBytes;
  if (!answers_.empty() && is_full) {
    const std::string waiting =
        std::to_string(answers_.size()) + " answers of " + to_string(Bytes{waiting_bytes_});
    give_up({net::GrpcCode::ResourceExhausted,
             "the client does not read its answers: " + waiting + " wait for it"});
    drop_answers();
    return;
  }
  waiting_bytes_ += bytes;
  answers_.push_back(std::move(answer));
  if (answers_.size() == 1) {
    write_first();
  }
}

void StreamCall::write_first() {
  call_->write(answers_.front()->SerializeAsString());
}

void StreamCall::on_written() {
  act([this] {
    if (answers_.empty()) {
      return;  // the call was given up meanwhile
    }
    waiting_bytes_ -= payload_of(*answers_.front());
    answers_.pop_front();
    if (!answers_.empty()) {
      write_first();
    }
    read_next();
    finish_if_done();
  });
}

void StreamCall::on_stopping() {
  act([this] {
    is_stopping_ = true;
    finish_if_done();
  });
}

void StreamCall::on_cancel() {
  act([this] {
    give_up({net::GrpcCode::Cancelled, {}});
    answers_.clear();
    waiting_bytes_ = 0;
    finish_if_done();
  });
}

void StreamCall::give_up(net::GrpcStatus verdict) {
  if (!verdict_) {
    verdict_ = std::move(verdict);
    cancel_.cancel();  // coroutines that end in here come back through act(), after this action
  }
  finish_if_done();
}

/// All but the one that is being written.
void StreamCall::drop_answers() {
  while (answers_.size() > 1) {
    waiting_bytes_ -= payload_of(*answers_.back());
    answers_.pop_back();
  }
}

net::GrpcStatus StreamCall::final_status() const {
  if (verdict_) {
    return *verdict_;
  }
  if (!has_read_all_) {
    return {net::GrpcCode::Unavailable,
            "GRPC server is shutting down and has stopped accepting new requests."};
  }
  return {};
}

void StreamCall::finish_if_done() {
  const bool is_over = verdict_ || has_read_all_ || is_stopping_;
  if (is_over && !is_finished_ && running_ == 0 && answers_.empty()) {
    is_finished_ = true;
    call_->finish(final_status());
  }
}

}  // namespace aion::kserve
