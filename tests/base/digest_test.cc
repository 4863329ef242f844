#include "base/digest.h"

#include <string_view>

#include <gtest/gtest.h>

namespace aion {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST(Sha256, IsThatOfTheStandard) {
  // FIPS 180-4, the examples "abc" and the empty message
  Sha256 abc;
  abc.add(bytes_of("abc"));
  EXPECT_EQ(abc.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256().finish(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, IsTheSameInPieces) {
  Sha256 pieces;
  pieces.add(bytes_of("a"));
  pieces.add({});
  pieces.add(bytes_of("bc"));

  EXPECT_EQ(pieces.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(CheckSum, IsThatOfTheStandard) {
  EXPECT_EQ(crc32_of(bytes_of("123456789")), 0xcbf43926U);
  EXPECT_EQ(crc32_of({}), 0U);
}

}  // namespace
}  // namespace aion
