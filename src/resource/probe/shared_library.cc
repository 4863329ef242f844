#include "resource/probe/shared_library.h"

#include <utility>

#include <dlfcn.h>

namespace aion::resource {

Result<SharedLibrary> SharedLibrary::open(const std::string& file, Stay stay) {
  const int keep = stay == Stay::Forever ? RTLD_NODELETE : 0;
  void* const handle = dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL | keep);
  if (handle == nullptr) {
    const char* const reason = dlerror();
    return Error{Code::NotFound, reason != nullptr ? reason : "cannot open " + file};
  }
  return SharedLibrary(handle);
}

SharedLibrary::~SharedLibrary() {
  if (handle_ != nullptr) {
    dlclose(handle_);
  }
}

SharedLibrary::SharedLibrary(SharedLibrary&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)) {}

void* SharedLibrary::symbol(const char* name) const {
  return dlsym(handle_, name);
}

}  // namespace aion::resource
