#include "protocol/kserve/http_parsers.h"

#include <utility>

namespace aion::kserve {

namespace {
constexpr std::size_t kKeptCapacity =
    1U << 20U;  // a parser holds about 12 bytes per byte of its largest document
}

ParserPool::~ParserPool() {
  for (std::atomic<JsonParser*>& slot : free_) {
    const std::unique_ptr<JsonParser> parser(slot.exchange(nullptr));
  }
}

ParserPool::Loan ParserPool::borrow() {
  for (std::atomic<JsonParser*>& slot : free_) {
    if (slot.load(std::memory_order_relaxed) == nullptr) {
      continue;
    }
    if (JsonParser* const parser = slot.exchange(nullptr, std::memory_order_acquire)) {
      return {*this, std::unique_ptr<JsonParser>(parser)};
    }
  }
  return {*this, std::make_unique<JsonParser>()};
}

void ParserPool::put_back(std::unique_ptr<JsonParser> parser) {
  parser->shrink(kKeptCapacity);
  for (std::atomic<JsonParser*>& slot : free_) {
    JsonParser* none = nullptr;
    if (slot.compare_exchange_strong(
            none, parser.get(), std::memory_order_release, std::memory_order_relaxed)) {
      static_cast<void>(parser.release());
      return;
    }
  }
}

}  // namespace aion::kserve
