// A drawing as SVG 1.1.
#pragma once

#include <string>

#include "plot/drawing.h"

namespace aion::plot {

/// A whole document. Its colours follow the viewer's light or dark scheme, its letters are the
/// viewer's. What is no UTF-8 or no character of XML becomes '?'.
[[nodiscard]] std::string to_svg(const Drawing& drawing);

}  // namespace aion::plot
