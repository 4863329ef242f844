#include "cli/image_file.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>
#include <turbojpeg.h>

#include "tests/temporary_folder.h"

namespace aion::cli {
namespace {

using tensor::DataType;
using testing::ElementsAre;
using testing::HasSubstr;

/// 2 wide, 1 high: red, then blue.
const Image kRedBlue{2, 1, {255, 0, 0, 0, 0, 255}};

std::string png_of(const Image& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB;
  std::string bytes(4096, '\0');
  png_alloc_size_t size = bytes.size();
  EXPECT_NE(png_image_write_to_memory(&png, bytes.data(), &size, 0, image.rgb.data(), 0, nullptr),
            0);
  bytes.resize(size);
  return bytes;
}

std::string jpeg_of(const Image& image) {
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  tjhandle encoder = tjInitCompress();
  EXPECT_EQ(tjCompress2(encoder,
                        image.rgb.data(),
                        image.width,
                        0,
                        image.height,
                        TJPF_RGB,
                        &bytes,
                        &size,
                        TJSAMP_444,
                        100,
                        0),
            0);
  std::string text(reinterpret_cast<const char*>(bytes), size);
  tjFree(bytes);
  tjDestroy(encoder);
  return text;
}

Result<HostTensor> tensor_of(const Image& image,
                             DataType type,
                             const tensor::Shape& shape,
                             const Normalisation& normalisation = {}) {
  std::string done;
  return image_tensor(image, {"x", type, shape, {}}, normalisation, done);
}

TEST(ReadImage, ReadsPngAndJpegByTheirBytes) {
  const TemporaryFolder folder;

  const auto png = read_image(folder.write("a.jpg", png_of(kRedBlue)));
  const auto jpeg =
      read_image(folder.write("b.png", jpeg_of({8, 4, std::vector<std::uint8_t>(96, 200)})));

  ASSERT_TRUE(png) << png.error().message;
  EXPECT_EQ(png->rgb, kRedBlue.rgb);
  ASSERT_TRUE(jpeg) << jpeg.error().message;
  EXPECT_EQ(jpeg->width, 8);
  EXPECT_EQ(jpeg->height, 4);
  EXPECT_NEAR(jpeg->rgb[0], 200, 2);
}

TEST(ReadImage, RefusesWhatIsNoWholePicture) {
  const TemporaryFolder folder;
  const std::string png = png_of(kRedBlue);
  const std::string jpeg = jpeg_of({8, 4, std::vector<std::uint8_t>(96, 200)});

  for (const std::string& bytes : {std::string(),
                                   std::string("text"),
                                   png.substr(0, 20),
                                   png.substr(0, 50),
                                   jpeg.substr(0, 9)}) {
    const auto image = read_image(folder.write("x.png", bytes));
    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().code, Code::InvalidArgument);
    EXPECT_THAT(image.error().message, HasSubstr("x.png"));
  }
}

TEST(ReadImage, RefusesAPictureThatSaysItIsHuge) {
  const TemporaryFolder folder;
  std::string png = png_of(kRedBlue);
  // Width and height stand behind the signature, length and name of the first chunk, its checksum
  // behind 13 bytes: 100,000 x 100,000.
  png.replace(16, 8, std::string("\0\x01\x86\xa0\0\x01\x86\xa0", 8));
  png.replace(29, 4, std::string("\x27\x30\x9c\x9f", 4));

  const auto image = read_image(folder.write("x.png", png));

  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::ResourceExhausted) << image.error().message;
  EXPECT_THAT(image.error().message, HasSubstr("100000x100000"));
}

TEST(Resized, TakesTheMiddleBetweenTwoPixels) {
  const Image wide = resized(kRedBlue, 4, 1);

  EXPECT_THAT(wide.rgb, ElementsAre(255, 0, 0, 191, 0, 64, 64, 0, 191, 0, 0, 255));
}

TEST(Resized, LeavesAPictureOfTheSameSizeAsItIs) {
  EXPECT_EQ(resized(kRedBlue, 2, 1).rgb, kRedBlue.rgb);
}

TEST(ImageTensor, PutsChannelsWhereTheModelWantsThem) {
  const auto first = tensor_of(kRedBlue, DataType::Uint8, {1, 3, -1, -1});
  const auto last = tensor_of(kRedBlue, DataType::Uint8, {-1, -1, 3});

  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->shape, (tensor::Shape{1, 3, 1, 2}));
  EXPECT_EQ(first->data, std::string("\xff\0\0\0\0\xff", 6));
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(last->shape, (tensor::Shape{1, 2, 3}));
  EXPECT_EQ(last->data, std::string("\xff\0\0\0\0\xff", 6));
}

TEST(ImageTensor, NormalisesFloatsOnly) {
  const Normalisation normalisation{1.0 / 255.0, {0.5, 0, 0}, {0.25, 1, 1}};

  const auto tensor = tensor_of(kRedBlue, DataType::Fp32, {3, 1, 2}, normalisation);

  ASSERT_TRUE(tensor) << tensor.error().message;
  EXPECT_EQ(number_at(*tensor, 0), 2.0);   // red: (1 - 0.5) / 0.25
  EXPECT_EQ(number_at(*tensor, 1), -2.0);  // blue has no red: (0 - 0.5) / 0.25
  EXPECT_EQ(number_at(*tensor, 5), 1.0);
}

TEST(ImageTensor, MakesOneChannelOfThreeByTheirBrightness) {
  const auto tensor = tensor_of(kRedBlue, DataType::Uint8, {1, 1, 1, 2});

  ASSERT_TRUE(tensor) << tensor.error().message;
  EXPECT_EQ(tensor->data, std::string("\x4c\x1d", 2));  // 0.299 * 255, 0.114 * 255
}

TEST(ImageTensor, RefusesAShapeThatHoldsNoPicture) {
  for (const tensor::Shape& shape :
       {tensor::Shape{2}, tensor::Shape{5, 7, 9}, tensor::Shape{1, 2, 3, 4, 5}}) {
    EXPECT_EQ(tensor_of(kRedBlue, DataType::Fp32, shape).error().code, Code::InvalidArgument);
  }
}

TEST(ImageTensor, RefusesAPictureThatWouldNotFitIntoMemoryBeforeItIsMade) {
  for (const tensor::Shape& shape : {tensor::Shape{1, 3, 65'536, 65'536},
                                     tensor::Shape{1, 3, 1, 9'223'372'036'854'775'807},
                                     tensor::Shape{1, 3, 70'000, 1'000},
                                     tensor::Shape{7'900, 7'900, 3}}) {
    const auto tensor = tensor_of(kRedBlue, DataType::Fp64, shape);
    ASSERT_FALSE(tensor);
    EXPECT_EQ(tensor.error().code, Code::ResourceExhausted);
    EXPECT_THAT(tensor.error().message, HasSubstr("'x'"));
  }
}

TEST(ImageTensor, TakesALongSideThatFits) {
  const auto tensor = tensor_of(kRedBlue, DataType::Uint8, {1, 1, 1, 70'000});

  ASSERT_TRUE(tensor) << tensor.error().message;
  EXPECT_EQ(tensor->data.size(), 70'000U);
}

}  // namespace
}  // namespace aion::cli
