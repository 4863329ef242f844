// Text in columns, for people.
#pragma once

#include <string>
#include <vector>

namespace aion::cli {

/// Lines of cells, each column as wide as its widest cell, two spaces between; the last column is
/// not padded. The first row is the heading. Widths count UTF-8 characters.
[[nodiscard]] std::string columns(const std::vector<std::vector<std::string>>& rows);

}  // namespace aion::cli
