// One ModelStreamInfer call: many requests and their answers over one stream.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <protocol/kserve/infer.pb.h>

#include "base/cancel.h"
#include "base/request_context.h"
#include "base/serial.h"
#include "base/task.h"
#include "net/grpc/call.h"
#include "protocol/kserve/grpc_infer_call.h"
#include "protocol/kserve/grpc_stream_request.h"
#include "serving/inference.h"

namespace aion::kserve {

/// Reads requests, runs them side by side and writes their answers: those of ordinary models in the
/// order of the requests, those of decoupled models as they come. It reads on while fewer than
/// kMaxPending requests and answers are pending, so that a client that sends without reading is
/// held up by its own window.
///
/// It finishes only after the last coroutine that it started has ended. The connection's events and
/// the models' answers come on any thread; `serial_` runs what touches the state.
class StreamCall final : public net::GrpcReceiver, public std::enable_shared_from_this<StreamCall> {
 public:
  using Answer = StreamRequest::Answer;

  static constexpr std::size_t kMaxPending = 64;
  // Answers of decoupled models that wait for a client that does not read; beyond that the stream
  // ends.
  static constexpr std::size_t kMaxWaitingAnswers = 65'536;
  static constexpr std::size_t kMaxWaitingBytes = std::size_t{1} << 30U;

  static std::shared_ptr<StreamCall> open(std::shared_ptr<net::GrpcCall> call,
                                          const GrpcParts& parts);

  /// Writes an answer of a decoupled model after those that were put before. May be called from any
  /// thread.
  void put(Answer answer);

  void on_message(std::string_view message) override;
  void on_half_close() override;
  void on_written() override;
  void on_stopping() override;
  void on_cancel() override;

 private:
  StreamCall(std::shared_ptr<net::GrpcCall> call, const GrpcParts& parts)
      : call_(std::move(call)), parts_(parts) {}

  /// Runs `action` alone, after those that came before; keeps the call alive meanwhile.
  void act(std::function<void()> action);
  void start();
  [[nodiscard]] Result<DecodedGrpcInfer> prepare(StreamRequest& request) const;
  static Awaitable<void> run(std::shared_ptr<StreamRequest> request, DecodedGrpcInfer decoded);
  void end(const std::shared_ptr<StreamRequest>& request, const Result<void>& ended);

  // Called inside act() only.
  void read_next();
  void accept(const std::shared_ptr<StreamRequest>& request, Result<DecodedGrpcInfer>& prepared);
  void release(const std::shared_ptr<StreamRequest>& ended);
  void settle(const StreamRequest& request);
  void queue(Answer answer);
  void write_first();
  void give_up(net::GrpcStatus verdict);
  void drop_answers();
  [[nodiscard]] net::GrpcStatus final_status() const;
  void finish_if_done();

  std::shared_ptr<net::GrpcCall> call_;
  GrpcParts parts_;
  RequestContext context_;            // of the whole stream
  bool ends_at_first_error_ = false;  // triton_grpc_error
  CancelSource cancel_;
  Serial serial_;

  // Touched inside act() only.
  struct Ordered {
    std::shared_ptr<StreamRequest> request;
    bool has_ended = false;
  };
  std::deque<Ordered> in_order_;   // requests of ordinary models whose turn has not come
  std::deque<Answer> answers_;     // the first is being written
  std::size_t waiting_bytes_ = 0;  // in answers_
  std::size_t running_ = 0;        // coroutines under way
  bool is_reading_ = false;        // a message has been asked for
  bool has_read_all_ = false;
  bool is_stopping_ = false;  // nothing is read any more
  bool is_finished_ = false;
  std::optional<net::GrpcStatus>
      verdict_;  // how the stream ends, when not by the client's half-close
};

}  // namespace aion::kserve
