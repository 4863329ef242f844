#include "tensor/tensor.h"

#include <array>
#include <cstring>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::tensor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// The wire form of one element.
std::string element(std::string_view text) {
  std::string wire(4, '\0');
  wire[0] = static_cast<char>(text.size());
  return wire.append(text);
}

TEST(Shape, IsWrittenAsTheProtocolWritesIt) {
  EXPECT_EQ(to_string(Shape{1, -1, 16}), "[1,-1,16]");
  EXPECT_EQ(to_string(Shape{}), "[]");
}

TEST(Shape, AScalarHasOneElement) {
  EXPECT_EQ(*element_count(Shape{}), 1);
}

TEST(Shape, OneEmptyExtentLeavesNoElements) {
  EXPECT_EQ(*element_count(Shape{3, 0, 5}), 0);
}

TEST(Shape, RefusesANegativeExtent) {
  EXPECT_THAT(element_count(Shape{2, -1}).error().message,
              HasSubstr("[2,-1] has a negative extent"));
}

TEST(Shape, RefusesMoreElementsThanANumberHolds) {
  EXPECT_FALSE(element_count(Shape{std::int64_t{1} << 32, std::int64_t{1} << 32}));
}

TEST(Buffer, IsAlignedToACacheLine) {
  const auto [buffer, data] = Buffer::allocate(3);

  EXPECT_EQ(buffer.bytes, 3U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data) % 64, 0U);
  EXPECT_EQ(buffer.data, data);
}

TEST(Buffer, KeepsTheOwnerOfSharedBytes) {
  SharedBytes shared = SharedBytes::from("hello");
  const std::weak_ptr<const void> owner = shared.owner;

  {
    const Buffer buffer = Buffer::of(std::move(shared));
    EXPECT_EQ(buffer.text(), "hello");
    EXPECT_FALSE(owner.expired());
  }

  EXPECT_TRUE(owner.expired());
}

TEST(Tensor, AFreshOneIsNotPresent) {
  EXPECT_FALSE(Tensor().is_present());
}

TEST(BytesFromWire, ReadsTheElementsWithTheirZeros) {
  const auto tensor =
      bytes_from_wire(bytes(element("one") + element("") + element(std::string(2, '\0'))), {3});

  ASSERT_TRUE(tensor) << tensor.error().message;
  EXPECT_EQ(tensor->bytes_at(0), "one");
  EXPECT_EQ(tensor->bytes_at(1), "");
  EXPECT_EQ(tensor->bytes_at(2), std::string_view("\0\0", 2));
}

TEST(BytesFromWire, ReadsNoElements) {
  const auto tensor = bytes_from_wire({}, {0});

  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->count(), 0U);
  EXPECT_THAT(*tensor->offsets, ElementsAre(0));
}

TEST(BytesFromWire, RefusesALengthThatIsCutOff) {
  const auto tensor = bytes_from_wire(bytes(element("four") + std::string(3, '\0')), {2});

  EXPECT_THAT(tensor.error().message, HasSubstr("expected 2"));
}

TEST(BytesFromWire, RefusesALengthThatIsNotThere) {
  const auto tensor = bytes_from_wire(bytes(std::string("\xff\xff\xff\xff", 4) + "abcd"), {1});

  EXPECT_THAT(tensor.error().message, HasSubstr("4294967295 bytes, which are not there"));
}

TEST(BytesFromWire, RefusesALengthThatTakesTheNextOnesPlace) {
  auto wire = element("ab") + element("cd");
  wire[0] = 6;  // swallows the second length

  EXPECT_FALSE(bytes_from_wire(bytes(wire), {2}));
}

TEST(BytesFromWire, RefusesBytesThatAreLeftOver) {
  const auto tensor = bytes_from_wire(bytes(element("a") + "xy"), {1});

  EXPECT_FALSE(tensor);
}

TEST(BytesFromWire, RefusesMoreElementsThanTheBytesCanHold) {
  const auto tensor = bytes_from_wire(bytes("abcd"), {std::int64_t{1} << 60});

  EXPECT_THAT(tensor.error().message, HasSubstr("each takes at least 4 bytes"));
}

TEST(WireForm, OfBytesIsWhatItWasReadFrom) {
  const std::string wire = element("one") + element("") + element("three");
  const auto tensor = bytes_from_wire(bytes(wire), {3});
  std::string out = "before ";

  append_wire(*tensor, out);

  EXPECT_EQ(out, "before " + wire);
  EXPECT_EQ(wire_size(*tensor), wire.size());
}

TEST(WireForm, OfNumbersIsTheirMemory) {
  auto [buffer, data] = Buffer::allocate(4);
  std::memcpy(data, "\1\2\3\4", 4);
  const Tensor tensor{DataType::Uint16, {2}, buffer, nullptr};
  std::string out;

  append_wire(tensor, out);

  EXPECT_EQ(out, "\1\2\3\4");
  EXPECT_EQ(wire_size(tensor), 4U);
}

TEST(BytesFromValues, KeepsTheValues) {
  const std::array<std::string_view, 3> values = {"x", "", "yz"};

  const Tensor tensor = bytes_from_values(values, {3, 1});

  EXPECT_EQ(tensor.data.text(), "xyz");
  EXPECT_THAT(*tensor.offsets, ElementsAre(0, 1, 1, 3));
}

}  // namespace
}  // namespace aion::tensor
