#include "base/result.h"

namespace aion {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::InvalidArgument:
      return "invalid_argument";
    case Code::NotFound:
      return "not_found";
    case Code::AlreadyExists:
      return "already_exists";
    case Code::PermissionDenied:
      return "permission_denied";
    case Code::ResourceExhausted:
      return "resource_exhausted";
    case Code::FailedPrecondition:
      return "failed_precondition";
    case Code::DeadlineExceeded:
      return "deadline_exceeded";
    case Code::Cancelled:
      return "cancelled";
    case Code::Unavailable:
      return "unavailable";
    case Code::Unimplemented:
      return "unimplemented";
    case Code::Internal:
      return "internal";
  }
  return "internal";
}

Error in_context(std::string_view where, Error error) {
  error.message.insert(0, ": ").insert(0, where);
  return error;
}

}  // namespace aion
