// What only the owner of the data folder can show: a secret in a file that nobody else reads.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aion::security {

/// Guards what would give a stranger the owner's hands, such as starting programs: other users of
/// the machine reach the loopback, too.
///
/// Thread safety: may be called from any thread.
class OwnerToken {
 public:
  /// The secret of the folder's file "token", made where there is none (mode 0600).
  [[nodiscard]] static Result<OwnerToken> open(const std::filesystem::path& folder);

  /// Whether an Authorization header shows it: "Bearer <secret>" (RFC 6750, section 2.1). Takes as
  /// long for a wrong one as for the right one.
  [[nodiscard]] bool is_shown_by(std::string_view authorization) const;

 private:
  explicit OwnerToken(std::string secret) : secret_(std::move(secret)) {}
  std::string secret_;
};

}  // namespace aion::security
