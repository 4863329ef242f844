#include "security/owner_token.h"

#include <random>
#include <utility>

#include "base/file.h"

namespace aion::security {

namespace {

constexpr std::size_t kDigits = 64;  // 256 bits
constexpr std::string_view kScheme = "Bearer ";

std::string make_secret() {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr unsigned kPerWord = 8;
  std::random_device device;  // the kernel's
  std::string secret;
  while (secret.size() < kDigits) {
    unsigned word = device();
    for (unsigned i = 0; i < kPerWord; ++i, word >>= 4U) {
      secret += kHex[word & 0xfU];
    }
  }
  return secret;
}

}  // namespace

Result<OwnerToken> OwnerToken::open(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "token";
  const auto known = read_file(file, kDigits + 1);
  if (known && known->size() >= kDigits) {
    return OwnerToken(known->substr(0, kDigits));
  }
  OwnerToken made(make_secret());
  AION_TRY_VOID(replace_file(file, made.secret_ + "\n"));
  return made;
}

bool OwnerToken::is_shown_by(std::string_view authorization) const {
  if (!authorization.starts_with(kScheme) ||
      authorization.size() != kScheme.size() + secret_.size()) {
    return false;
  }
  unsigned different = 0;
  for (std::size_t i = 0; i < secret_.size(); ++i) {
    different |= static_cast<unsigned char>(secret_[i]) ^
                 static_cast<unsigned char>(authorization[kScheme.size() + i]);
  }
  return different == 0;
}

}  // namespace aion::security
