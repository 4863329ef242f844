#include "base/serial.h"

#include <memory>
#include <utility>

namespace aion {

struct Serial::Node {
  std::function<void()> action;
  Node* next = nullptr;
};

Serial::~Serial() {
  for (Node* node = newest_.load(); node != nullptr;) {
    const std::unique_ptr<Node> gone(node);
    node = node->next;
  }
}

void Serial::run(std::function<void()> action) {
  auto* node = new Node{std::move(action)};  // owned by the stack until it is taken
  const bool is_runner = unfinished_.fetch_add(1, std::memory_order_acq_rel) == 0;
  node->next = newest_.load(std::memory_order_relaxed);
  while (!newest_.compare_exchange_weak(
      node->next, node, std::memory_order_release, std::memory_order_relaxed)) {}
  if (!is_runner) {
    return;
  }
  std::size_t done = 0;
  do {
    Node* taken = newest_.exchange(nullptr, std::memory_order_acquire);
    Node* oldest = nullptr;
    while (taken != nullptr) {  // the stack holds the newest first
      Node* const next = taken->next;
      taken->next = oldest;
      oldest = taken;
      taken = next;
    }
    for (done = 0; oldest != nullptr; ++done) {
      const std::unique_ptr<Node> current(oldest);
      oldest = current->next;
      current->action();
    }
  } while (unfinished_.fetch_sub(done, std::memory_order_acq_rel) != done);
}

}  // namespace aion
