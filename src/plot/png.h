// A drawing as PNG.
#pragma once

#include <string>

#include "base/result.h"
#include "plot/drawing.h"

namespace aion::plot {

/// The bytes of a PNG file, 8 bits each of red, green and blue.
///
/// scale   pixels for one of the drawing: 2 for sharp screens
///
/// fails   InvalidArgument above 64 million pixels
[[nodiscard]] Result<std::string> to_png(const Drawing& drawing, Theme theme, double scale);

}  // namespace aion::plot
