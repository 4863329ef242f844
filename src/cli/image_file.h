// Pictures as input tensors.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/host_tensor.h"

namespace aion::cli {

/// 8-bit RGB, rows top down, [height, width, 3].
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;
};

/// Reads a PNG or JPEG, told apart by their first bytes. At most 64 megapixels.
[[nodiscard]] Result<Image> read_image(const std::filesystem::path& file);

/// Bilinear, with pixel centres at half coordinates (as most vision libraries do).
[[nodiscard]] Image resized(const Image& image, int width, int height);

/// How a picture becomes numbers: value = (byte * scale - mean[channel]) / deviation[channel].
struct Normalisation {
  double scale = 1.0 / 255.0;
  std::array<double, 3> mean{0, 0, 0};
  std::array<double, 3> deviation{1, 1, 1};
};

/// A picture as the input that a model declares: rank 3 or 4 with 1 or 3 channels first (NCHW) or
/// last (NHWC), the batch 1, open extents those of the picture. Whole-number types take the bytes
/// as they are. `done` says in one line what happened to the picture.
[[nodiscard]] Result<HostTensor> image_tensor(const Image& image,
                                              const HostTensor& declared,
                                              const Normalisation& normalisation,
                                              std::string& done);

}  // namespace aion::cli
