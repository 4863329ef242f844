#include "protocol/kserve/grpc_stream_request.h"

#include <limits>

#include "protocol/kserve/grpc_encode.h"
#include "protocol/kserve/grpc_stream.h"

namespace aion::kserve {

namespace {

void mark_final(inference::ModelStreamInferResponse& answer, bool is_final) {
  auto& parameters = *answer.mutable_infer_response()->mutable_parameters();
  parameters["triton_final_response"].set_bool_param(is_final);
}

}  // namespace

bool StreamRequest::parse(std::string_view message) {
  return message.size() <= std::numeric_limits<int>::max() &&
         message_.ParseFromArray(message.data(), static_cast<int>(message.size()));
}

void StreamRequest::set_kind(bool is_decoupled, bool wants_empty_final) {
  is_decoupled_ = is_decoupled;
  wants_empty_final_ = wants_empty_final;
}

void StreamRequest::send(serving::InferResponse response) {
  ++answers_;
  version_ = response.version;
  const bool is_late = !is_decoupled_ && answers_ > 1;  // outcome() makes an error of it
  if (is_late || !encoded_) {
    return;
  }
  auto answer = std::make_shared<inference::ModelStreamInferResponse>();
  encoded_ = encode_infer(response, message_, *answer->mutable_infer_response());
  if (!encoded_) {
    return;
  }
  mark_final(*answer, !is_decoupled_);
  if (is_decoupled_) {
    stream_->put(std::move(answer));
  } else {
    last_ = std::move(answer);
  }
}

Result<void> StreamRequest::outcome(const Result<void>& ended) const {
  if (!ended) {
    return ended;
  }
  if (!is_decoupled_ && answers_ != 1) {
    return Error{Code::Internal,
                 "model '" + message_.model_name() + "' gave " + std::to_string(answers_) +
                     " responses where one was expected"};
  }
  return encoded_;
}

void StreamRequest::end(const Result<void>& ended) {
  if (const Result<void> result = outcome(ended); !result) {
    fault_ = result.error();
    last_ = head();
    last_->set_error_message(fault_->message);
  } else if (is_decoupled_ && wants_empty_final_) {
    last_ = head();
  }
}

/// What an answer without outputs says: whose it is, and that it is the last.
StreamRequest::Answer StreamRequest::head() const {
  auto answer = std::make_shared<inference::ModelStreamInferResponse>();
  inference::ModelInferResponse& response = *answer->mutable_infer_response();
  response.set_model_name(message_.model_name());
  response.set_model_version(version_ == 0 ? message_.model_version() : std::to_string(version_));
  response.set_id(message_.id());
  mark_final(*answer, true);
  return answer;
}

}  // namespace aion::kserve
