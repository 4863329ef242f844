// JSON parsers that requests borrow: each keeps its memory for the next one.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>

#include "base/json_dom.h"

namespace aion::kserve {

/// A free list without a lock. It keeps a parser per io thread, which is all that can be in use at
/// once; one that finds the list full is destroyed.
///
/// Thread safety: all methods may be called from any thread, except the destructor.
class ParserPool {
 public:
  /// A parser that goes back when it is dropped.
  class Loan {
   public:
    Loan(ParserPool& pool, std::unique_ptr<JsonParser> parser)
        : pool_(pool), parser_(std::move(parser)) {}
    ~Loan() { pool_.put_back(std::move(parser_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    [[nodiscard]] JsonParser& parser() { return *parser_; }

   private:
    ParserPool& pool_;
    std::unique_ptr<JsonParser> parser_;
  };

  ParserPool() = default;
  ~ParserPool();
  ParserPool(const ParserPool&) = delete;
  ParserPool& operator=(const ParserPool&) = delete;

  [[nodiscard]] Loan borrow();

 private:
  void put_back(std::unique_ptr<JsonParser> parser);

  std::array<std::atomic<JsonParser*>, 16> free_{};  // owned where not null
};

}  // namespace aion::kserve
