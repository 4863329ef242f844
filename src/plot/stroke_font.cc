#include "plot/stroke_font.h"

#include <algorithm>
#include <array>

#include "plot/utf8.h"

namespace aion::plot {
namespace {

// A glyph is drawn on a grid of units: 0 the lowest line, 4 the base line, 14 the height of x, 18
// of X. A point is two digits to the base 36, x and y; points make a line, "~" before them a curve
// that they pull (a quadratic B-spline from the first to the last), "o" a closed one.
struct Glyph {
  char32_t letter;
  int width;
  std::string_view strokes;
};

constexpr double kUnit = 0.0505;  // of an em: capitals are 0.71 high
constexpr double kBase = 4;
constexpr double kGap = 3.4;  // between letters
constexpr int kCurveSteps = 6;

constexpr std::array kGlyphs{
    Glyph{U' ', 2, ""},
    Glyph{U'!', 0, "0i09 0405"},
    Glyph{U'"', 3, "0i0e 3i3e"},
    Glyph{U'#', 8, "3i14 7i54 0d8d 0989"},
    Glyph{U'$', 8, "~8e8g0g0b8b860607 4j43"},
    Glyph{U'%', 11, "o0c4c4i0i o74b4ba7a 9i24"},
    Glyph{U'&', 10, "942d ~2d0i8i6d ~6d0b0454a9"},
    Glyph{U'\'', 0, "0i0e"},
    Glyph{U'(', 3, "~3j0g0632"},
    Glyph{U')', 3, "~0j3g3602"},
    Glyph{U'*', 6, "3i3c 0g6e 6g0e"},
    Glyph{U'+', 8, "0a8a 4e46"},
    Glyph{U',', 1, "1502"},
    Glyph{U'-', 5, "0959"},
    Glyph{U'.', 0, "0405"},
    Glyph{U'/', 6, "026j"},
    Glyph{U'0', 8, "o04848i0i"},
    Glyph{U'1', 5, "0f3i34"},
    Glyph{U'2', 8, "~0e0i8i8d04 0484"},
    Glyph{U'3', 8, "~0g1i8i8b3b ~3b8b840406"},
    Glyph{U'4', 9, "6i0898 6i64"},
    Glyph{U'5', 8, "7i1i0b ~0b2d8d840406"},
    Glyph{U'6', 8, "o04848d0d ~7i0h08"},
    Glyph{U'7', 8, "0i8i34"},
    Glyph{U'8', 8, "o1b7b7i1i o04848b0b"},
    Glyph{U'9', 8, "o09898i0i ~8e8514"},
    Glyph{U':', 0, "0405 0c0d"},
    Glyph{U';', 1, "1502 1c1d"},
    Glyph{U'<', 8, "8e0a86"},
    Glyph{U'=', 8, "0c8c 0888"},
    Glyph{U'>', 8, "0e8a06"},
    Glyph{U'?', 7, "~0f0i7i7d3b38 3435"},
    Glyph{U'@', 13, "~c6c4040icicaaaa5 o48a8ae4e"},
    Glyph{U'A', 10, "045ia4 2989"},
    Glyph{U'B', 9, "0i04 0i4i ~4i8i8b4b 0b4b ~4b9b9444 4404"},
    Glyph{U'C', 10, "~aeai0i04a4a8"},
    Glyph{U'D', 10, "0i04 0i3i ~3iaia434 3404"},
    Glyph{U'E', 8, "8i0i0484 0b7b"},
    Glyph{U'F', 8, "8i0i04 0b7b"},
    Glyph{U'G', 10, "~aeai0i04a4aa aa6a"},
    Glyph{U'H', 9, "0i04 9i94 0b9b"},
    Glyph{U'I', 0, "0i04"},
    Glyph{U'J', 6, "6i69 ~69640408"},
    Glyph{U'K', 9, "0i04 9i08 3c94"},
    Glyph{U'L', 8, "0i0484"},
    Glyph{U'M', 12, "040i67cic4"},
    Glyph{U'N', 9, "040i949i"},
    Glyph{U'O', 11, "o04b4bi0i"},
    Glyph{U'P', 9, "040i5i ~5i9i9a5a 5a0a"},
    Glyph{U'Q', 11, "o04b4bi0i 78b3"},
    Glyph{U'R', 9, "040i5i ~5i9i9b5b 5b0b 4b94"},
    Glyph{U'S', 9, "~8f8i0i0b9b940407"},
    Glyph{U'T', 10, "0iai 5i54"},
    Glyph{U'U', 9, "0i09 ~09049499 999i"},
    Glyph{U'V', 10, "0i54ai"},
    Glyph{U'W', 16, "0i448hc4gi"},
    Glyph{U'X', 9, "0i94 9i04"},
    Glyph{U'Y', 10, "0i5bai 5b54"},
    Glyph{U'Z', 9, "0i9i0494"},
    Glyph{U'[', 3, "3j0j0232"},
    Glyph{U'\\', 6, "0j62"},
    Glyph{U']', 3, "0j3j3202"},
    Glyph{U'^', 8, "0c4i8c"},
    Glyph{U'_', 8, "0282"},
    Glyph{U'`', 2, "0i2f"},
    Glyph{U'a', 8, "o04848e0e 8e84"},
    Glyph{U'b', 8, "o04848e0e 0i04"},
    Glyph{U'c', 8, "~8b8e0e048487"},
    Glyph{U'd', 8, "o04848e0e 8i84"},
    Glyph{U'e', 8, "0989 ~898e0e048486"},
    Glyph{U'f', 5, "~5i2i2e 2e24 0e5e"},
    Glyph{U'g', 8, "o04848e0e 8e82 ~828010"},
    Glyph{U'h', 8, "0i04 ~0a0e8e8a 8a84"},
    Glyph{U'i', 0, "0e04 0h0i"},
    Glyph{U'j', 2, "2e22 ~222000 2h2i"},
    Glyph{U'k', 7, "0i04 7e08 2a74"},
    Glyph{U'l', 0, "0i04"},
    Glyph{U'm', 12, "0e04 ~0a0e6e6a 6a64 ~6a6ececa cac4"},
    Glyph{U'n', 8, "0e04 ~0a0e8e8a 8a84"},
    Glyph{U'o', 8, "o04848e0e"},
    Glyph{U'p', 8, "o04848e0e 0e00"},
    Glyph{U'q', 8, "o04848e0e 8e80"},
    Glyph{U'r', 5, "0e04 ~0a0e5e"},
    Glyph{U's', 7, "~7c7e0e0979740406"},
    Glyph{U't', 5, "2i26 ~262454 0e5e"},
    Glyph{U'u', 8, "0e08 ~08048488 8e84"},
    Glyph{U'v', 8, "0e448e"},
    Glyph{U'w', 12, "0e346d94ce"},
    Glyph{U'x', 7, "0e74 7e04"},
    Glyph{U'y', 8, "0e44 8e20"},
    Glyph{U'z', 7, "0e7e0474"},
    Glyph{U'{', 4, "~4j2j2f2c0a ~0a28252242"},
    Glyph{U'|', 0, "0j02"},
    Glyph{U'}', 4, "~0j2j2f2c4a ~4a28252202"},
    Glyph{U'~', 9, "~090d4b57979b"},
    Glyph{0xd7, 7, "0d76 7d06"},      // multiplication sign
    Glyph{0xb7, 0, "0a0b"},           // middle dot
    Glyph{0x2013, 8, "0989"},         // en dash
    Glyph{0x2264, 8, "8f0b87 0484"},  // less or equal
};
constexpr Glyph kUnknown{U'\0', 8, "040i8i8404"};

double digit(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

const Glyph& glyph_of(char32_t letter) {
  const auto* const at = std::find_if(
      kGlyphs.begin(), kGlyphs.end(), [&](const Glyph& glyph) { return glyph.letter == letter; });
  return at == kGlyphs.end() ? kUnknown : *at;
}

Point middle(Point a, Point b) {
  return {(a.x + b.x) / 2, (a.y + b.y) / 2};
}

void append_arc(Point from, Point pull, Point to, std::vector<Point>& line) {
  for (int step = 1; step <= kCurveSteps; ++step) {
    const double t = static_cast<double>(step) / kCurveSteps;
    const double s = 1 - t;
    line.push_back({s * s * from.x + 2 * s * t * pull.x + t * t * to.x,
                    s * s * from.y + 2 * s * t * pull.y + t * t * to.y});
  }
}

std::vector<Point> closed_curve(const std::vector<Point>& pulls) {
  std::vector<Point> line{middle(pulls.back(), pulls.front())};
  for (std::size_t i = 0; i < pulls.size(); ++i) {
    append_arc(line.back(), pulls[i], middle(pulls[i], pulls[(i + 1) % pulls.size()]), line);
  }
  return line;
}

std::vector<Point> open_curve(const std::vector<Point>& points) {
  std::vector<Point> line{points.front()};
  for (std::size_t i = 1; i + 1 < points.size(); ++i) {
    const bool is_last = i + 2 == points.size();
    append_arc(
        line.back(), points[i], is_last ? points.back() : middle(points[i], points[i + 1]), line);
  }
  return line;
}

/// One stroke of a glyph, in ems from the glyph's own begin.
std::vector<Point> line_of(std::string_view stroke) {
  const char kind = stroke.front();
  stroke.remove_prefix(kind == '~' || kind == 'o' ? 1 : 0);
  std::vector<Point> points;
  for (std::size_t i = 0; i + 1 < stroke.size(); i += 2) {
    points.push_back({digit(stroke[i]) * kUnit, (kBase - digit(stroke[i + 1])) * kUnit});
  }
  if (kind == 'o') {
    return closed_curve(points);
  }
  return kind == '~' ? open_curve(points) : points;
}

}  // namespace

std::vector<std::vector<Point>> strokes_of(std::string_view text) {
  std::vector<std::vector<Point>> lines;
  double begin = 0;
  while (!text.empty()) {
    const Glyph& glyph = glyph_of(next_letter(text));
    std::string_view strokes = glyph.strokes;
    while (!strokes.empty()) {
      const std::size_t end = std::min(strokes.find(' '), strokes.size());
      lines.push_back(line_of(strokes.substr(0, end)));
      for (Point& point : lines.back()) {
        point.x += begin;
      }
      strokes.remove_prefix(std::min(end + 1, strokes.size()));
    }
    begin += (glyph.width + kGap) * kUnit;
  }
  return lines;
}

double text_width(std::string_view text, double size) {
  double units = 0;
  while (!text.empty()) {
    units += glyph_of(next_letter(text)).width + kGap;
  }
  return std::max(units - kGap, 0.0) * kUnit * size;
}

}  // namespace aion::plot
