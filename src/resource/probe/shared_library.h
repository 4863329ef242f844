// A driver's library that may not be there.
#pragma once

#include <string>

#include "base/result.h"

namespace aion::resource {

/// Opened at run time; closed with the last object that uses it. Movable.
class SharedLibrary {
 public:
  /// NotFound, with the loader's reason, when there is no such library.
  [[nodiscard]] static Result<SharedLibrary> open(const std::string& file);

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
