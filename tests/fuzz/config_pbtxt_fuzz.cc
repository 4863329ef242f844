// No text makes the reader of config.pbtxt crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "catalog/repository/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto settings = aion::catalog::read_settings(text, "model");
  static_cast<void>(settings.has_value());
  return 0;
}
