#include "protocol/kserve/grpc_stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/executor.h"
#include "base/spawn.h"
#include "protocol/kserve/grpc_context.h"
#include "protocol/kserve/grpc_status.h"

namespace aion::kserve {

namespace {

bool wants_first_error_as_status(const ::grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("triton_grpc_error");
  return found != metadata.end() && found->second == "true";
}

std::size_t payload_of(const inference::ModelStreamInferResponse& answer) {
  std::size_t bytes = 0;
  for (const std::string& raw : answer.infer_response().raw_output_contents()) {
    bytes += raw.size();
  }
  return bytes;
}

}  // namespace

StreamCall* StreamCall::open(const ::grpc::CallbackServerContext& context, const GrpcParts& parts) {
  auto call = std::make_shared<StreamCall>(parts);
  StreamCall* const opened = call.get();
  opened->held_by_library_ = std::move(call);
  opened->start(context);
  return opened;
}

void StreamCall::act(std::function<void()> action) {
  const auto self = shared_from_this();  // the last action may let the library drop its own hold
  serial_.run([self, action = std::move(action)] { action(); });
}

void StreamCall::start(const ::grpc::CallbackServerContext& context) {
  Result<RequestContext> checked = context_of(context, parts_.authorizer);
  if (!checked) {
    act([this, status = status_of(checked.error())] { give_up(status); });
    return;
  }
  context_ = *std::move(checked);
  context_.cancel = cancel_.token();
  ends_at_first_error_ = wants_first_error_as_status(context);
  act([this] { read_next(); });
}

void StreamCall::read_next() {
  const std::size_t pending = running_ + in_order_.size() + answers_.size();
  if (reading_ || has_read_all_ || verdict_ || pending >= kMaxPending) {
    return;
  }
  reading_ = std::make_shared<StreamRequest>(shared_from_this());
  StartRead(&reading_->message());
}

void StreamCall::OnReadDone(bool is_ok) {
  if (!is_ok) {
    act([this] {
      reading_.reset();
      has_read_all_ = true;
      finish_if_done();
    });
    return;
  }
  // Set before the read began, and not again before accept().
  const std::shared_ptr<StreamRequest> request = reading_;
  auto prepared = std::make_shared<Result<DecodedGrpcInfer>>(prepare(*request));
  act([this, request, prepared] { accept(request, *prepared); });
}

Result<DecodedGrpcInfer> StreamCall::prepare(StreamRequest& request) const {
  AION_TRY(DecodedGrpcInfer decoded, request.decode());
  AION_TRY(const auto version, parts_.models.find(decoded.request.model, decoded.request.version));
  request.set_kind(version->is_decoupled, decoded.wants_empty_final);
  return decoded;
}

void StreamCall::accept(const std::shared_ptr<StreamRequest>& request,
                        Result<DecodedGrpcInfer>& prepared) {
  reading_.reset();
  if (verdict_) {
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
    give_up({::grpc::StatusCode::RESOURCE_EXHAUSTED,
             "the client does not read its answers: " + waiting + " wait for it"});
    drop_answers();
    return;
  }
  waiting_bytes_ += bytes;
  answers_.push_back(std::move(answer));
  if (answers_.size() == 1) {
    StartWrite(answers_.front().get());
  }
}

void StreamCall::OnWriteDone(bool is_ok) {
  act([this, is_ok] { written(is_ok); });
}

void StreamCall::written(bool is_ok) {
  waiting_bytes_ -= payload_of(*answers_.front());
  answers_.pop_front();
  if (!is_ok) {
    answers_.clear();
    waiting_bytes_ = 0;
    give_up(::grpc::Status::CANCELLED);
  } else if (!answers_.empty()) {
    StartWrite(answers_.front().get());
  }
  read_next();
  finish_if_done();
}

void StreamCall::OnCancel() {
  act([this] {
    give_up(::grpc::Status::CANCELLED);
    drop_answers();
    finish_if_done();
  });
}

void StreamCall::give_up(::grpc::Status verdict) {
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

void StreamCall::finish_if_done() {
  const bool is_over = verdict_ || has_read_all_;
  if (is_over && !is_finished_ && running_ == 0 && answers_.empty()) {
    is_finished_ = true;
    Finish(verdict_.value_or(::grpc::Status::OK));
  }
}

void StreamCall::OnDone() {
  const auto last = std::move(held_by_library_);
}

}  // namespace aion::kserve
