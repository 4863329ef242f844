// One request of a stream, from its message to its last answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <protocol/kserve/infer.pb.h>

#include "base/result.h"
#include "protocol/kserve/grpc_decode.h"
#include "serving/inference.h"

namespace aion::kserve {

class StreamCall;

/// Turns what the model sends into messages of the stream. The tensors of a request are views of
/// its message, so they hold the request; the request holds the stream.
class StreamRequest final : public serving::InferSink,
                            public std::enable_shared_from_this<StreamRequest> {
 public:
  using Answer = std::shared_ptr<inference::ModelStreamInferResponse>;

  explicit StreamRequest(std::shared_ptr<StreamCall> stream) : stream_(std::move(stream)) {}

  /// False if the bytes are no such message.
  [[nodiscard]] bool parse(std::string_view message);
  [[nodiscard]] const std::shared_ptr<StreamCall>& stream() const { return stream_; }
  [[nodiscard]] bool is_decoupled() const { return is_decoupled_; }
  [[nodiscard]] const std::optional<Error>& fault() const { return fault_; }
  /// The message that ends the request; null when there is nothing to say.
  [[nodiscard]] const Answer& last() const { return last_; }

  /// Reads the message, which has been parsed.
  Result<DecodedGrpcInfer> decode() { return decode_infer(message_, shared_from_this()); }
  void set_kind(bool is_decoupled, bool wants_empty_final);

  /// A decoupled model's answer goes to the stream at once; an ordinary one's is kept until its
  /// turn.
  void send(serving::InferResponse response) override;

  /// Called once, after the last send(): makes last(), and fault() where it is an error.
  void end(const Result<void>& ended);

 private:
  [[nodiscard]] Answer head() const;
  [[nodiscard]] Result<void> outcome(const Result<void>& ended) const;

  std::shared_ptr<StreamCall> stream_;
  inference::ModelInferRequest message_;
  bool is_decoupled_ = false;
  bool wants_empty_final_ = false;
  std::size_t answers_ = 0;
  std::int64_t version_ = 0;  // that answered last; 0 = none yet
  Result<void> encoded_;      // an error of the first answer that could not be written
  Answer last_;
  std::optional<Error> fault_;
};

}  // namespace aion::kserve
