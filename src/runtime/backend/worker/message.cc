#include "runtime/backend/worker/message.h"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>

#include "base/assert.h"
#include "runtime/backend/worker/encoding.h"

namespace aion::runtime::worker {

namespace {

using tensor::DataType;
using tensor::Tensor;

constexpr std::size_t kMaxPartials = 4096;
constexpr std::size_t kMaxRank = 64;

Error malformed(const std::string& what) {
  return Error{Code::Internal, "malformed message: " + what};
}

SharedBytes bytes_of(const Tensor& tensor) {
  return {tensor.data.data, tensor.data.bytes, tensor.data.owner};
}

SharedBytes offsets_of(const Tensor& tensor) {
  AION_ASSERT(tensor.offsets && tensor.offsets->size() == tensor.count() + 1);
  return {reinterpret_cast<const std::byte*>(tensor.offsets->data()),
          tensor.offsets->size() * sizeof(std::uint64_t),
          tensor.offsets};
}

std::string encode_head(const Message& message) {
  Encoder out;
  out.count(message.tensors.size());
  for (const Tensor& tensor : message.tensors) {
    out.number(static_cast<std::uint8_t>(tensor.dtype));
    out.count(tensor.shape.size());
    for (const std::int64_t extent : tensor.shape) {
      out.number(extent);
    }
    out.number(static_cast<std::uint64_t>(tensor.data.bytes));
  }
  return out.take() + message.body;
}

}  // namespace

Result<Sending> Sending::create(const Message& message) {
  Sending sending;
  sending.kind_ = message.kind;
  sending.id_ = message.id;
  sending.parts_.push_back(SharedBytes::from(encode_head(message)));
  for (const Tensor& tensor : message.tensors) {
    if (tensor.dtype == DataType::Bytes) {
      sending.parts_.push_back(offsets_of(tensor));
    }
    sending.parts_.push_back(bytes_of(tensor));
  }
  for (const SharedBytes& part : sending.parts_) {
    sending.left_ += part.size;
  }
  const std::size_t head = sending.parts_.front().size;
  if (head > kMaxHeadBytes || sending.left_ - head > kMaxDataBytes) {
    return Error{
        Code::ResourceExhausted,
        "the tensors are too large for a worker process: " + to_string(Bytes{sending.left_}) +
            ", at most " + to_string(Bytes{kMaxDataBytes}) + " go at once"};
  }
  sending.head_bytes_ = static_cast<std::uint32_t>(head);
  return sending;
}

Result<Sending::Progress> Sending::write(RingWriter& ring, const std::function<void()>& wake) {
  while (left_ > 0 || !is_begun_) {
    const std::uint64_t payload = std::min<std::uint64_t>(left_, ring.max_payload());
    AION_TRY(bool has_room, ring.has_room(payload));
    if (!has_room) {
      ring.announce_wait();
      AION_TRY(has_room, ring.has_room(payload));
      if (!has_room) {
        return Progress::RingIsFull;
      }
    }
    RecordHeader header;
    header.mark = kRecordMark;
    header.payload = static_cast<std::uint32_t>(payload);
    header.id = id_;
    header.kind = static_cast<std::uint8_t>(kind_);
    header.is_first = is_begun_ ? 0 : 1;
    header.head_bytes = is_begun_ ? 0 : head_bytes_;
    header.data_bytes = is_begun_ ? 0 : left_ - head_bytes_;
    ring.begin(header);
    append(ring, payload);
    is_begun_ = true;
    if (ring.publish()) {
      wake();
    }
  }
  return Progress::Finished;
}

void Sending::append(RingWriter& ring, std::uint64_t bytes) {
  left_ -= bytes;
  while (bytes > 0) {
    const SharedBytes& part = parts_[part_];
    const std::size_t now = std::min<std::uint64_t>(bytes, part.size - offset_);
    ring.append(part.span().subspan(offset_, now));
    offset_ += now;
    bytes -= now;
    if (offset_ == part.size) {
      ++part_;
      offset_ = 0;
    }
  }
}

/// A message of which some records have come.
struct Receiving::Partial {
  std::string head;
  std::size_t head_filled = 0;
  std::uint64_t data_bytes = 0;
  std::uint64_t left = 0;  // of head and data
  Message message;
  std::vector<tensor::Buffer> offsets;      // position = the tensor's; empty unless it is BYTES
  std::vector<std::span<std::byte>> spans;  // memory for the data, in the order in which it comes
  std::size_t span = 0;                     // the first that is not full
  std::uint64_t claimed = 0;                // by the spans

  Result<void> fill(RingReader& ring, std::uint64_t bytes);
  Result<void> decode_head();
  Result<void> decode_tensor(Decoder& in);
  /// Memory for the next `bytes` of data. It takes up room only as data comes, so that a lie costs
  /// nothing.
  Result<tensor::Buffer> claim(std::uint64_t bytes);
  Result<void> finish();
};

Result<void> Receiving::Partial::fill(RingReader& ring, std::uint64_t bytes) {
  if (bytes > left) {
    return malformed("more data came than its first record said");
  }
  left -= bytes;
  const std::size_t for_head = std::min<std::uint64_t>(bytes, head.size() - head_filled);
  ring.take(std::as_writable_bytes(std::span(head)).subspan(head_filled, for_head));
  head_filled += for_head;
  bytes -= for_head;
  if (head_filled < head.size()) {
    return {};
  }
  if (for_head > 0) {
    AION_TRY_VOID(decode_head());
  }
  while (bytes > 0) {
    if (spans[span].empty()) {
      ++span;
      continue;
    }
    const std::size_t now = std::min<std::uint64_t>(bytes, spans[span].size());
    ring.take(spans[span].first(now));
    spans[span] = spans[span].subspan(now);
    bytes -= now;
  }
  return {};
}

Result<void> Receiving::Partial::decode_head() {
  Decoder in(head);
  const std::size_t count = in.count(1 + 4 + 8);
  for (std::size_t i = 0; i < count; ++i) {
    AION_TRY_VOID(decode_tensor(in));
  }
  if (!in.is_good()) {
    return malformed("its head is cut off");
  }
  if (claimed != data_bytes) {
    return malformed("its tensors take " + std::to_string(claimed) + " bytes, and it has " +
                     std::to_string(data_bytes));
  }
  message.body = std::string(in.rest());
  return {};
}

Result<void> Receiving::Partial::decode_tensor(Decoder& in) {
  const auto type = in.number<std::uint8_t>();
  const std::size_t rank = in.count(sizeof(std::int64_t));
  tensor::Shape shape;
  for (std::size_t i = 0; i < std::min(rank, kMaxRank); ++i) {
    shape.push_back(in.number<std::int64_t>());
  }
  const auto bytes = in.number<std::uint64_t>();
  if (!in.is_good() || rank > kMaxRank || type > static_cast<std::uint8_t>(DataType::Bytes)) {
    return malformed("a tensor of type " + std::to_string(type) + " and rank " +
                     std::to_string(rank));
  }
  const auto dtype = static_cast<DataType>(type);
  AION_TRY(const std::int64_t elements, tensor::element_count(shape));
  const auto count = static_cast<std::uint64_t>(elements);
  tensor::Buffer offset_buffer;
  std::uint64_t fitting = bytes;
  if (dtype == DataType::Bytes) {
    const std::uint64_t most = kMaxDataBytes / sizeof(std::uint64_t);
    AION_TRY(offset_buffer, claim((std::min(count, most) + 1) * sizeof(std::uint64_t)));
  } else if (__builtin_mul_overflow(
                 dtype == DataType::Invalid ? 0 : count, tensor::element_size(dtype), &fitting) ||
             fitting != bytes) {
    return malformed("a tensor " + std::string(tensor::to_string(dtype)) + " " +
                     tensor::to_string(shape) + " with " + std::to_string(bytes) + " bytes");
  }
  AION_TRY(tensor::Buffer data, claim(bytes));
  offsets.push_back(std::move(offset_buffer));
  message.tensors.push_back(Tensor{dtype, std::move(shape), std::move(data), nullptr});
  return {};
}

Result<tensor::Buffer> Receiving::Partial::claim(std::uint64_t bytes) {
  if (bytes > data_bytes - claimed) {
    return malformed("its tensors take more than the " + std::to_string(data_bytes) +
                     " bytes that it has");
  }
  claimed += bytes;
  auto [buffer, data] = tensor::Buffer::allocate(bytes);
  spans.emplace_back(data, bytes);
  return std::move(buffer);
}

Result<void> Receiving::Partial::finish() {
  for (std::size_t i = 0; i < message.tensors.size(); ++i) {
    Tensor& tensor = message.tensors[i];
    if (tensor.dtype != DataType::Bytes) {
      continue;
    }
    const auto* values = reinterpret_cast<const std::uint64_t*>(offsets[i].data);
    auto ascending = std::make_shared<std::vector<std::uint64_t>>(
        values, values + offsets[i].bytes / sizeof(*values));
    if (!std::ranges::is_sorted(*ascending) || ascending->back() > tensor.data.bytes) {
      return malformed("the offsets of a BYTES tensor do not ascend within its data");
    }
    tensor.offsets = std::move(ascending);
  }
  return {};
}

Result<void> Receiving::begin(const Key& key, const RecordHeader& header) {
  const bool is_known = header.kind >= 1 && header.kind <= static_cast<std::uint8_t>(kLastKind);
  if (!is_known || header.head_bytes < sizeof(std::uint32_t) || header.head_bytes > kMaxHeadBytes ||
      header.data_bytes > kMaxDataBytes) {
    return malformed("kind " + std::to_string(header.kind) + ", " +
                     std::to_string(header.head_bytes) + " + " + std::to_string(header.data_bytes) +
                     " bytes");
  }
  if (partials_.contains(key) || partials_.size() >= kMaxPartials) {
    return malformed("it begins before the one before it has ended");
  }
  auto partial = std::make_shared<Partial>();
  partial->head.resize(header.head_bytes);
  partial->data_bytes = header.data_bytes;
  partial->left = header.head_bytes + header.data_bytes;
  partial->message.kind = key.first;
  partial->message.id = key.second;
  partials_.emplace(key, std::move(partial));
  return {};
}

Result<std::optional<Message>> Receiving::accept(const RecordHeader& header, RingReader& ring) {
  const Key key{static_cast<Kind>(header.kind), header.id};
  auto found = partials_.find(key);
  if (header.is_first == 0 && found == partials_.end()) {
    return std::optional<Message>{};  // the rest of what was not wanted when it began
  }
  try {
    if (header.is_first != 0) {
      if (!is_wanted_(key.first, key.second)) {
        return std::optional<Message>{};
      }
      AION_TRY_VOID(begin(key, header));
      found = partials_.find(key);
    }
    Partial& partial = *found->second;
    AION_TRY_VOID(partial.fill(ring, header.payload));
    if (partial.left > 0) {
      return std::optional<Message>{};
    }
    AION_TRY_VOID(partial.finish());
  } catch (const std::bad_alloc&) {
    return Error{Code::ResourceExhausted,
                 "no memory for a message of " + to_string(Bytes{header.data_bytes})};
  }
  std::optional<Message> message(std::move(found->second->message));
  partials_.erase(found);
  return message;
}

}  // namespace aion::runtime::worker
