// Runs the tests, or, when a test starts this program again with the word "worker", a worker
// process.
#include <string_view>

#include <gtest/gtest.h>

#include "runtime/worker_main.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "worker") {
    return aion::runtime::worker_main(argc, argv);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
