// A picture as a list of shapes, before it becomes SVG or PNG.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace aion::plot {

/// In pixels of the drawing, from its upper left corner.
struct Point {
  double x = 0;
  double y = 0;
};

/// What a colour is for; the theme says which it is. Series are told apart by eight colours that
/// people who do not see red or green can tell apart, too (Okabe and Ito 2008, adapted).
enum class Ink : std::uint8_t {
  Background,
  Text,
  Muted,  // words beside the matter: units, ticks, notes
  Grid,
  Series0,
  Series1,
  Series2,
  Series3,
  Series4,
  Series5,
  Series6,
  Series7,
};
inline constexpr std::size_t kInks = 12;
inline constexpr std::size_t kSeriesInks = 8;

/// The ink of the i-th series; the ninth has that of the first again.
[[nodiscard]] Ink series_ink(std::size_t i);

enum class Theme : std::uint8_t { Light, Dark };

struct Color {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};
[[nodiscard]] Color color_of(Ink ink, Theme theme);

/// A filled rectangle.
struct Box {
  Point corner;  // upper left
  double width = 0;
  double height = 0;
  Ink ink = Ink::Text;
  double opacity = 1;
};

/// A line through points.
struct Path {
  std::vector<Point> points;
  double width = 1;
  Ink ink = Ink::Text;
};

enum class Anchor : std::uint8_t { Begin, Middle, End };

/// One line of UTF-8 text.
struct Label {
  Point at;  // on the base line
  std::string text;
  double size = 12;  // of an em, in pixels
  Ink ink = Ink::Text;
  Anchor anchor = Anchor::Begin;
  bool is_bold = false;
  bool is_upright = false;  // turned by 90 degrees, read from below
};

using Shape = std::variant<Box, Path, Label>;

/// Later shapes lie over earlier ones. The background is filled.
struct Drawing {
  double width = 0;
  double height = 0;
  std::string title;  // for who cannot see it
  std::vector<Shape> shapes;

  void add(const Box& box);
  void add(Path path);
  void add(Label label);
};

/// About how wide a text is: exact in PNG, near it in SVG, whose font is the viewer's.
[[nodiscard]] double text_width(std::string_view text, double size);

}  // namespace aion::plot
