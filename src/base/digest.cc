#include "base/digest.h"

#include <array>
#include <string_view>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "base/assert.h"

namespace aion {

struct Sha256::State {
  EVP_MD_CTX* context = nullptr;
};

void Sha256::Free::operator()(State* state) const {
  EVP_MD_CTX_free(state->context);
  delete state;
}

// The library's calls fail here only without memory.
Sha256::Sha256() : state_(new State()) {
  // Without the system's configuration file: it may name providers, and a digest needs none.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  state_->context = EVP_MD_CTX_new();
  AION_ASSERT(state_->context != nullptr);
  AION_ASSERT(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}

void Sha256::add(std::span<const std::byte> bytes) {
  AION_ASSERT(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  AION_ASSERT(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr) == 1);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 15U]);
  }
  return text;
}

std::uint32_t crc32_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace aion
