// A driver's library that may not be there.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace aion::resource {

/// Opened at run time, closed with this object. Movable.
class SharedLibrary {
 public:
  enum class Stay : std::uint8_t {
    WhileOpen,
    Forever,  // in memory, even when it is closed: its threads may run on
  };
  /// NotFound, with the loader's reason, when there is no such library.
  [[nodiscard]] static Result<SharedLibrary> open(const std::string& file,
                                                  Stay stay = Stay::WhileOpen);

  ~SharedLibrary();
  SharedLibrary(SharedLibrary&& other) noexcept;
  SharedLibrary& operator=(SharedLibrary&&) = delete;

  /// The function of that name, or null: another version of the library has or lacks it.
  template <class Function>
  [[nodiscard]] Function find(const char* name) const {
    return reinterpret_cast<Function>(symbol(name));
  }

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  [[nodiscard]] void* symbol(const char* name) const;

  void* handle_;
};

}  // namespace aion::resource
