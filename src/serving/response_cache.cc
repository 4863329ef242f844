#include "serving/response_cache.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "base/digest.h"

namespace aion::serving {

namespace {

// A list node, a map node and what stands in them, roughly.
constexpr std::size_t kEntryBytes = 512;

/// Adds values so that no two sequences of them read alike.
class Adder {
 public:
  explicit Adder(Sha256& digest) : digest_(digest) {}

  void number(std::uint64_t value) { digest_.add(std::as_bytes(std::span(&value, 1))); }
  void bytes(std::span<const std::byte> bytes) {
    number(bytes.size());
    digest_.add(bytes);
  }
  void text(std::string_view text) { bytes(std::as_bytes(std::span(text))); }

 private:
  Sha256& digest_;
};

void add(Adder& out, const tensor::Tensor& tensor) {
  out.number(static_cast<std::uint64_t>(tensor.dtype));  // Invalid: not given
  out.bytes(std::as_bytes(std::span(tensor.shape)));
  out.bytes(tensor.data.span());
  if (tensor.offsets) {
    out.bytes(std::as_bytes(std::span(*tensor.offsets)));
  }
}

void add(Adder& out, const runtime::ParameterValue& value) {
  out.number(value.index());
  if (const auto* const text = std::get_if<std::string>(&value)) {
    out.text(*text);
  } else if (const auto* const number = std::get_if<double>(&value)) {
    out.bytes(std::as_bytes(std::span(number, 1)));
  } else if (const auto* const integer = std::get_if<std::int64_t>(&value)) {
    out.number(static_cast<std::uint64_t>(*integer));
  } else {
    out.number(std::get<bool>(value) ? 1 : 0);
  }
}

/// A copy in memory of its own: the backend's would keep more than the output alive.
tensor::Tensor copy_of(const tensor::Tensor& tensor) {
  tensor::Tensor copy = tensor;
  auto [buffer, out] = tensor::Buffer::allocate(tensor.data.bytes);
  std::ranges::copy(tensor.data.span(), out);
  copy.data = std::move(buffer);
  return copy;
}

std::size_t bytes_of(const runtime::Response& response) {
  std::size_t bytes = 0;
  for (const tensor::Tensor& output : response.outputs) {
    bytes += output.data.bytes + output.shape.size() * sizeof(std::int64_t);
    bytes += output.offsets ? output.offsets->size() * sizeof(std::uint64_t) : 0;
  }
  for (const auto& [name, value] : response.parameters) {
    const auto* const text = std::get_if<std::string>(&value);
    bytes += kEntryBytes + name.size() + (text == nullptr ? 0 : text->size());
  }
  return bytes;
}

}  // namespace

std::string ResponseCache::key_of(std::uint64_t owner, const runtime::Batch& batch) {
  Sha256 digest;
  Adder out(digest);
  out.number(owner);
  out.bytes(std::as_bytes(std::span(batch.outputs)));
  out.number(batch.inputs.size());
  for (const tensor::Tensor& input : batch.inputs) {
    add(out, input);
  }
  for (const auto& [name, value] : batch.parameters) {
    out.text(name);
    add(out, value);
  }
  return digest.finish();
}

std::optional<runtime::Response> ResponseCache::find(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->response;
}

void ResponseCache::keep(const std::string& key, const runtime::Response& response) {
  const std::size_t bytes = kEntryBytes + 2 * key.size() + bytes_of(response);
  if (bytes > limit_) {
    return;
  }
  Entries added(1);
  added.front().key = key;
  added.front().bytes = bytes;
  added.front().response.parameters = response.parameters;
  for (const tensor::Tensor& output : response.outputs) {
    added.front().response.outputs.push_back(output.is_present() ? copy_of(output) : output);
  }
  Entries gone;  // freed when nobody waits for it
  const std::scoped_lock lock(mutex_);
  if (!by_key_.emplace(key, added.begin()).second) {
    return;  // two asked the same at once
  }
  entries_.splice(entries_.begin(), added);
  bytes_ += bytes;
  while (bytes_ > limit_) {
    bytes_ -= entries_.back().bytes;
    by_key_.erase(entries_.back().key);
    gone.splice(gone.begin(), entries_, std::prev(entries_.end()));
  }
}

std::size_t ResponseCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

}  // namespace aion::serving
