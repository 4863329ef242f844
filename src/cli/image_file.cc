#include "cli/image_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include <png.h>
#include <turbojpeg.h>

#include "base/file.h"

namespace aion::cli {

namespace {

constexpr std::size_t kMaxFile = 256U << 20U;
constexpr std::int64_t kMaxPixels = 64'000'000;
constexpr std::size_t kMaxMade = 1U << 30U;

Result<void> check_size(std::int64_t width, std::int64_t height) {
  if (width <= 0 || height <= 0) {
    return Error{Code::InvalidArgument, "it has no pixels"};
  }
  if (width > kMaxPixels || height > kMaxPixels || width * height > kMaxPixels) {
    return Error{Code::ResourceExhausted,
                 "it has " + std::to_string(width) + "x" + std::to_string(height) +
                     " pixels; at most 64 megapixels are read"};
  }
  return {};
}

Result<Image> decode_png(const std::string& text) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_image*)> free(&png, png_image_free);
  if (png_image_begin_read_from_memory(&png, text.data(), text.size()) == 0) {
    return Error{Code::InvalidArgument, std::string("PNG: ") + png.message};
  }
  AION_TRY_VOID(check_size(png.width, png.height));
  png.format = PNG_FORMAT_RGB;
  Image image{static_cast<int>(png.width), static_cast<int>(png.height), {}};
  image.rgb.resize(PNG_IMAGE_SIZE(png));
  const png_color white{255, 255, 255};  // behind what is transparent
  if (png_image_finish_read(&png, &white, image.rgb.data(), 0, nullptr) == 0) {
    return Error{Code::InvalidArgument, std::string("PNG: ") + png.message};
  }
  return image;
}

Result<Image> decode_jpeg(const std::string& text) {
  const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), tjDestroy);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  const auto size = static_cast<unsigned long>(text.size());
  Image image;
  int sampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(
          decoder.get(), bytes, size, &image.width, &image.height, &sampling, &colours) != 0) {
    return Error{Code::InvalidArgument, std::string("JPEG: ") + tjGetErrorStr2(decoder.get())};
  }
  AION_TRY_VOID(check_size(image.width, image.height));
  image.rgb.resize(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) *
                   3);
  if (tjDecompress2(decoder.get(),
                    bytes,
                    size,
                    image.rgb.data(),
                    image.width,
                    0,
                    image.height,
                    TJPF_RGB,
                    0) != 0 &&
      tjGetErrorCode(decoder.get()) == TJERR_FATAL) {
    return Error{Code::InvalidArgument, std::string("JPEG: ") + tjGetErrorStr2(decoder.get())};
  }
  return image;
}

/// Where a coordinate of the wanted picture lies in the given one: two neighbours and the weight of
/// the second.
struct Sample {
  std::size_t low;
  std::size_t high;
  double weight;
};

Sample sample_at(int position, int wanted, int given) {
  const double centre = (position + 0.5) * given / wanted - 0.5;
  const double clamped = std::clamp(centre, 0.0, static_cast<double>(given - 1));
  const auto low = static_cast<std::size_t>(clamped);
  return {low,
          std::min(low + 1, static_cast<std::size_t>(given - 1)),
          clamped - static_cast<double>(low)};
}

/// What a declared shape says of a picture.
struct Layout {
  std::size_t channel_axis = 0;
  std::size_t height_axis = 0;
  std::int64_t channels = 3;
};

bool is_channels(std::int64_t extent) {
  return extent == 1 || extent == 3;
}

Result<Layout> layout_of(const HostTensor& declared) {
  const std::size_t rank = declared.shape.size();
  if (rank == 3 || rank == 4) {
    const std::size_t first = rank - 3;
    if (is_channels(declared.shape[first])) {
      return Layout{first, first + 1, declared.shape[first]};
    }
    if (is_channels(declared.shape[rank - 1])) {
      return Layout{rank - 1, first, declared.shape[rank - 1]};
    }
  }
  return Error{Code::InvalidArgument,
               "input '" + declared.name + "' has shape " + tensor::to_string(declared.shape) +
                   "; a picture needs rank 3 or 4 with 1 or 3 channels first or last"};
}

struct Extents {
  int width;
  int height;
};

/// Those that the model declares, else the picture's own. Guards against a declared shape that
/// would take more memory than there is.
Result<Extents> extents_of(const HostTensor& declared, const Layout& layout, const Image& image) {
  const std::int64_t declared_height = declared.shape[layout.height_axis];
  const std::int64_t declared_width = declared.shape[layout.height_axis + 1];
  const std::int64_t height = declared_height > 0 ? declared_height : image.height;
  const std::int64_t width = declared_width > 0 ? declared_width : image.width;
  const bool is_small = height <= kMaxPixels && width <= kMaxPixels && height * width <= kMaxPixels;
  const std::size_t element = static_cast<std::size_t>(layout.channels) *
                              std::max<std::size_t>(tensor::element_size(declared.dtype), 1);
  if (!is_small || static_cast<std::size_t>(height * width) > kMaxMade / element) {
    return Error{Code::ResourceExhausted,
                 "input '" + declared.name + "' takes pictures of " + std::to_string(width) + "x" +
                     std::to_string(height) +
                     " pixels; at most 64 megapixels and 1 GiB are made of one"};
  }
  return Extents{static_cast<int>(width), static_cast<int>(height)};
}

double channel_value(const Image& image,
                     std::size_t pixel,
                     std::size_t channel,
                     std::int64_t channels) {
  const std::uint8_t* const rgb = image.rgb.data() + pixel * 3;
  if (channels == 3) {
    return rgb[channel];
  }
  return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];  // luma, ITU-R BT.601
}

}  // namespace

Result<Image> read_image(const std::filesystem::path& file) {
  AION_TRY(const std::string text, read_file(file, kMaxFile));
  const bool is_png = text.starts_with("\x89PNG");
  const bool is_jpeg = text.starts_with("\xff\xd8");
  if (!is_png && !is_jpeg) {
    return Error{Code::InvalidArgument, file.string() + ": expected a PNG or JPEG picture"};
  }
  auto image = is_png ? decode_png(text) : decode_jpeg(text);
  return image ? std::move(image) : Result<Image>(in_context(file.string(), image.error()));
}

Image resized(const Image& image, int width, int height) {
  Image out{width,
            height,
            std::vector<std::uint8_t>(static_cast<std::size_t>(width) *
                                      static_cast<std::size_t>(height) * 3)};
  const auto stride = static_cast<std::size_t>(image.width) * 3;
  std::uint8_t* to = out.rgb.data();
  for (int y = 0; y < height; ++y) {
    const Sample row = sample_at(y, height, image.height);
    for (int x = 0; x < width; ++x) {
      const Sample column = sample_at(x, width, image.width);
      for (std::size_t c = 0; c < 3; ++c) {
        const auto at = [&](std::size_t r, std::size_t k) {
          return static_cast<double>(image.rgb[r * stride + k * 3 + c]);
        };
        const double top =
            std::lerp(at(row.low, column.low), at(row.low, column.high), column.weight);
        const double bottom =
            std::lerp(at(row.high, column.low), at(row.high, column.high), column.weight);
        *to++ = static_cast<std::uint8_t>(std::lround(std::lerp(top, bottom, row.weight)));
      }
    }
  }
  return out;
}

Result<HostTensor> image_tensor(const Image& image,
                                const HostTensor& declared,
                                const Normalisation& normalisation,
                                std::string& done) {
  AION_TRY(const Layout layout, layout_of(declared));
  AION_TRY(const Extents extents, extents_of(declared, layout, image));
  const auto [width, height] = extents;
  const Image fitted =
      width == image.width && height == image.height ? image : resized(image, width, height);
  HostTensor made{declared.name, declared.dtype, declared.shape, {}};
  made.shape[0] = made.shape.size() == 4 ? 1 : made.shape[0];
  made.shape[layout.height_axis] = height;
  made.shape[layout.height_axis + 1] = width;

  const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const auto channels = static_cast<std::size_t>(layout.channels);
  const bool is_channels_first = layout.channel_axis < layout.height_axis;
  const bool is_real = made.dtype == tensor::DataType::Fp16 ||
                       made.dtype == tensor::DataType::Bf16 ||
                       made.dtype == tensor::DataType::Fp32 || made.dtype == tensor::DataType::Fp64;
  made.data.reserve(pixels * channels * tensor::element_size(made.dtype));
  for (std::size_t i = 0; i < pixels * channels; ++i) {
    const std::size_t channel = is_channels_first ? i / pixels : i % channels;
    const std::size_t pixel = is_channels_first ? i % pixels : i / channels;
    const double byte = channel_value(fitted, pixel, channel, layout.channels);
    const double value = (byte * normalisation.scale - normalisation.mean[channel]) /
                         normalisation.deviation[channel];
    append_number(is_real ? value : byte, made.dtype, made.data);
  }
  done = std::to_string(image.width) + "x" + std::to_string(image.height) + " picture -> " +
         std::string(to_string(made.dtype)) + " " + tensor::to_string(made.shape) +
         (is_channels_first ? " (channels first)" : " (channels last)");
  return made;
}

}  // namespace aion::cli
