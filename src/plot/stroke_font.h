// Letters made of lines, for pictures that bring their own.
#pragma once

#include <string_view>
#include <vector>

#include "plot/drawing.h"

namespace aion::plot {

/// The lines of a text of ASCII and a few signs more (x as multiplication, middle dot, dashes); a
/// box for any other letter. The text begins at (0, 0) on the base line, y grows downwards, an em
/// is 1.
[[nodiscard]] std::vector<std::vector<Point>> strokes_of(std::string_view text);

}  // namespace aion::plot
