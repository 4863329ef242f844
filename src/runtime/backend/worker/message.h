// What the daemon and a worker process say to each other, and its way through a ring.
//
// A message is a head (the tensors' types, shapes and sizes, then a body that depends on the kind)
// and the data of its tensors. It goes as one or more records; those of different messages may
// alternate. The receiving side puts the data straight where the tensor will have it, so a tensor
// of any size costs one copy on each side and no shared memory beyond the ring.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/backend/worker/ring.h"
#include "tensor/tensor.h"

namespace aion::runtime::worker {

enum class Kind : std::uint8_t {
  Hello = 1,  // worker: wire version
  Open,       // daemon: the version and the claim of its lease
  Opened,     // worker: signature
  Refused,    // worker: why the version could not be opened
  Run,        // daemon: outputs, parameters; the tensors are the inputs
  Response,   // worker: parameters; the tensors are the outputs
  Done,       // worker: how the run ended
  Cancel,     // daemon
  Shrink,     // daemon
  Stop,       // daemon: end what is under way, then exit
};
inline constexpr auto kLastKind = Kind::Stop;

struct Message {
  Kind kind = Kind::Hello;
  std::uint64_t id = 0;
  std::string body;
  std::vector<tensor::Tensor> tensors;
};

inline constexpr std::uint64_t kMaxHeadBytes = std::uint64_t{16} << 20U;
inline constexpr std::uint64_t kMaxDataBytes = std::uint64_t{4} << 30U;

/// A message on its way into a ring.
class Sending {
 public:
  /// ResourceExhausted when it is larger than the bounds above.
  [[nodiscard]] static Result<Sending> create(const Message& message);

  enum class Progress : std::uint8_t { Finished, RingIsFull };
  /// Writes as much as fits; `wake` is called after a record that the sleeping reader must learn
  /// of.
  [[nodiscard]] Result<Progress> write(RingWriter& ring, const std::function<void()>& wake);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] std::uint64_t id() const { return id_; }

 private:
  Sending() = default;
  void append(RingWriter& ring, std::uint64_t bytes);

  Kind kind_ = Kind::Hello;
  std::uint64_t id_ = 0;
  std::uint32_t head_bytes_ = 0;
  std::uint64_t left_ = 0;  // bytes that are not written yet
  bool is_begun_ = false;
  std::vector<SharedBytes> parts_;
  std::size_t part_ = 0;    // the one that is being written
  std::size_t offset_ = 0;  // how much of it is written
};

/// Puts messages together out of records. Trusts nothing that the records say.
class Receiving {
 public:
  /// Whether the message is worth its memory; one that is not is skipped record by record.
  using IsWanted = std::function<bool(Kind, std::uint64_t id)>;
  explicit Receiving(IsWanted is_wanted) : is_wanted_(std::move(is_wanted)) {}

  /// Takes the record that the ring stands at. A message when it is the last of one; Internal when
  /// it makes no sense.
  [[nodiscard]] Result<std::optional<Message>> accept(const RecordHeader& header, RingReader& ring);

 private:
  struct Partial;
  using Key = std::pair<Kind, std::uint64_t>;
  [[nodiscard]] Result<void> begin(const Key& key, const RecordHeader& header);

  IsWanted is_wanted_;
  std::map<Key, std::shared_ptr<Partial>> partials_;
};

}  // namespace aion::runtime::worker
