#include "cli/host_tensor.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion::cli {
namespace {

using tensor::DataType;
using testing::HasSubstr;

/// A file as numpy.save() writes it.
std::string npy(const std::string& dictionary, const std::string& data, char version = 1) {
  const std::string header = dictionary + "\n";
  std::string length(version == 1 ? 2 : 4, '\0');
  length[0] = static_cast<char>(header.size());
  return std::string("\x93NUMPY") + version + '\0' + length + header + data;
}

std::string dictionary(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
}

class NpyTest : public testing::Test {
 protected:
  Result<HostTensor> read(const std::string& bytes) {
    return read_npy(folder_.write("x.npy", bytes));
  }

  TemporaryFolder folder_;
};

TEST_F(NpyTest, IsReadWithItsTypeAndShape) {
  const auto tensor = read(npy(dictionary("<i2", "(2, 1)"), std::string("\x01\0\xff\xff", 4)));

  ASSERT_TRUE(tensor) << tensor.error().message;
  EXPECT_EQ(tensor->dtype, DataType::Int16);
  EXPECT_EQ(tensor->shape, (tensor::Shape{2, 1}));
  EXPECT_EQ(number_at(*tensor, 0), 1);
  EXPECT_EQ(number_at(*tensor, 1), -1);
}

TEST_F(NpyTest, OfTheLaterFormatsAndOfRankZeroAndOneIsRead) {
  EXPECT_EQ(read(npy(dictionary("|u1", "(3,)"), "abc", 2))->shape, (tensor::Shape{3}));
  EXPECT_EQ(read(npy(dictionary("|u1", "()"), "a", 3))->shape, tensor::Shape{});
}

TEST_F(NpyTest, ThatIsNotAsItsHeaderSaysIsRefusedWithItsName) {
  for (const std::string& bytes : {
           std::string("no numpy at all"),
           npy(dictionary("<f4", "(2,)"), "1234"),
           npy(dictionary("<f4", "(1,)"), "12345"),
           npy(dictionary("<f4", "(-1,)"), ""),
           npy(dictionary("<f4", "(99999999999, 99999999999)"), ""),
           npy(dictionary(">f4", "(1,)"), "1234"),
           npy(dictionary("<c8", "(1,)"), "12345678"),
           npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "1234"),
           npy("{'descr': '<f4'}", "1234"),
           std::string("\x93NUMPY\x01\0\xff\xff{", 11) + "0",
       }) {
    const auto tensor = read(bytes);
    ASSERT_FALSE(tensor) << bytes;
    EXPECT_EQ(tensor.error().code, Code::InvalidArgument) << tensor.error().message;
    EXPECT_THAT(tensor.error().message, HasSubstr("x.npy"));
  }
}

TEST_F(NpyTest, ThatIsAFolderIsAnError) {
  const auto tensor = read_npy(folder_.path());

  ASSERT_FALSE(tensor);
  EXPECT_THAT(tensor.error().message, HasSubstr("folder"));
}

TEST_F(NpyTest, ThatWasWrittenIsReadAgain) {
  const HostTensor written{"y", DataType::Fp64, {1, 2}, std::string("12345678abcdefgh")};
  const auto file = folder_.path() / "y.npy";

  ASSERT_TRUE(write_npy(written, file));

  const auto tensor = read_npy(file);
  ASSERT_TRUE(tensor) << tensor.error().message;
  EXPECT_EQ(tensor->dtype, written.dtype);
  EXPECT_EQ(tensor->shape, written.shape);
  EXPECT_EQ(tensor->data, written.data);
  EXPECT_EQ((folder_.read("y.npy").size() - 16) % 64, 0U);  // data begins where numpy wants it
}

TEST_F(NpyTest, HasNoTypeForStringsAndBrainFloats) {
  for (const DataType type : {DataType::Bytes, DataType::Bf16}) {
    const HostTensor tensor{"y", type, {0}, {}};
    EXPECT_EQ(write_npy(tensor, folder_.path() / "y.npy").error().code, Code::InvalidArgument);
  }
}

template <class T>
T appended(double value, DataType type) {
  std::string out;
  append_number(value, type, out);
  EXPECT_EQ(out.size(), sizeof(T));
  T number{};
  out.copy(reinterpret_cast<char*>(&number), sizeof(T));
  return number;
}

TEST(AppendNumber, RoundsAndSaturatesWholeNumbers) {
  const double infinity = std::numeric_limits<double>::infinity();

  EXPECT_EQ(appended<std::int8_t>(1.6, DataType::Int8), 2);
  EXPECT_EQ(appended<std::int8_t>(-200, DataType::Int8), -128);
  EXPECT_EQ(appended<std::uint8_t>(-1, DataType::Uint8), 0);
  EXPECT_EQ(appended<std::uint64_t>(0x1p64, DataType::Uint64), 18'446'744'073'709'551'615U);
  EXPECT_EQ(appended<std::int64_t>(-infinity, DataType::Int64),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(appended<std::int32_t>(std::nan(""), DataType::Int32), 0);
  EXPECT_EQ(appended<std::uint8_t>(0.5, DataType::Bool), 1);
}

TEST(AppendNumber, KeepsWhatAFloatCanHold) {
  HostTensor tensor{"x", DataType::Fp16, {2}, {}};
  append_number(0.5, DataType::Fp16, tensor.data);
  append_number(1e9, DataType::Fp16, tensor.data);

  EXPECT_EQ(number_at(tensor, 0), 0.5);
  EXPECT_TRUE(std::isinf(number_at(tensor, 1)));
}

}  // namespace
}  // namespace aion::cli
