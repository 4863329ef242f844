#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace aion {

void assertion_failed(std::string_view condition, const char* file, int line) noexcept {
  std::fprintf(stderr,
               "%s:%d: assertion failed: %.*s\n",
               file,
               line,
               static_cast<int>(condition.size()),
               condition.data());
  std::abort();
}

}  // namespace aion
