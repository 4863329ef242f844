#include "plot/png.h"

#include <cmath>
#include <cstdint>
#include <string_view>

#include <zlib.h>

#include "plot/canvas.h"
#include "plot/stroke_font.h"

namespace aion::plot {
namespace {

constexpr double kMostPixels = 64e6;
constexpr double kPen = 0.085;  // of the size of a text
constexpr double kBoldPen = 0.125;
constexpr int kCompression = 6;

class Painter {
 public:
  Painter(const Drawing& drawing, Theme theme, double scale)
      : theme_(theme),
        scale_(scale),
        canvas_(static_cast<std::size_t>(std::lround(drawing.width * scale)),
                static_cast<std::size_t>(std::lround(drawing.height * scale)),
                color_of(Ink::Background, theme)) {}

  void paint(const Box& box) {
    canvas_.fill({box.corner.x * scale_, box.corner.y * scale_},
                 box.width * scale_,
                 box.height * scale_,
                 color_of(box.ink, theme_),
                 box.opacity);
  }

  void paint(const Path& path) {
    std::vector<Point> points = path.points;
    for (Point& point : points) {
      point = {point.x * scale_, point.y * scale_};
    }
    canvas_.stroke(points, path.width * scale_, color_of(path.ink, theme_));
  }

  void paint(const Label& label) {
    const double width = text_width(label.text, label.size);
    const double before = label.anchor == Anchor::Begin    ? 0
                          : label.anchor == Anchor::Middle ? width / 2
                                                           : width;
    for (std::vector<Point>& line : strokes_of(label.text)) {
      for (Point& point : line) {
        const double along = point.x * label.size - before;
        const double down = point.y * label.size;
        point = label.is_upright ? Point{label.at.x + down, label.at.y - along}
                                 : Point{label.at.x + along, label.at.y + down};
      }
      paint(Path{std::move(line), label.size * (label.is_bold ? kBoldPen : kPen), label.ink});
    }
  }

  [[nodiscard]] const Canvas& canvas() const { return canvas_; }

 private:
  Theme theme_;
  double scale_;
  Canvas canvas_;
};

void append_number(std::string& bytes, std::uint32_t number) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes += static_cast<char>(number >> shift & 0xffU);
  }
}

void append_chunk(std::string& file, std::string_view kind, std::string_view data) {
  append_number(file, static_cast<std::uint32_t>(data.size()));
  std::string checked(kind);
  checked += data;
  file += checked;
  append_number(file,
                static_cast<std::uint32_t>(
                    crc32_z(0, reinterpret_cast<const Bytef*>(checked.data()), checked.size())));
}

/// Rows with their filter in front: "Up" (2), which turns equal rows to zeros.
std::string filtered(const Canvas& canvas) {
  const std::size_t row_bytes = canvas.width() * 3;
  const auto pixels = canvas.pixels();
  std::string rows;
  rows.reserve((row_bytes + 1) * canvas.height());
  for (std::size_t y = 0; y < canvas.height(); ++y) {
    rows += '\2';
    for (std::size_t i = y * row_bytes; i < (y + 1) * row_bytes; ++i) {
      const unsigned above = y > 0 ? pixels[i - row_bytes] : 0U;
      rows += static_cast<char>((pixels[i] - above) & 0xffU);
    }
  }
  return rows;
}

Result<std::string> deflated(const std::string& rows) {
  uLongf size = compressBound(rows.size());
  std::string packed(size, '\0');
  const int status = compress2(reinterpret_cast<Bytef*>(packed.data()),
                               &size,
                               reinterpret_cast<const Bytef*>(rows.data()),
                               rows.size(),
                               kCompression);
  if (status != Z_OK) {
    return Error{Code::ResourceExhausted, "no memory to pack a picture"};
  }
  packed.resize(size);
  return packed;
}

}  // namespace

Result<std::string> to_png(const Drawing& drawing, Theme theme, double scale) {
  const double pixels = drawing.width * scale * drawing.height * scale;
  if (!(pixels >= 1 && pixels <= kMostPixels)) {
    return Error{Code::InvalidArgument,
                 "a picture has 1 to 64 million pixels, not " +
                     std::to_string(drawing.width * scale) + " x " +
                     std::to_string(drawing.height * scale)};
  }
  Painter painter(drawing, theme, scale);
  for (const Shape& shape : drawing.shapes) {
    std::visit([&](const auto& one) { painter.paint(one); }, shape);
  }
  AION_TRY(const std::string data, deflated(filtered(painter.canvas())));
  std::string head;
  append_number(head, static_cast<std::uint32_t>(painter.canvas().width()));
  append_number(head, static_cast<std::uint32_t>(painter.canvas().height()));
  head += std::string_view("\x08\x02\0\0\0", 5);  // 8 bits, RGB, deflate, filters, not interlaced
  std::string file = "\x89PNG\r\n\x1a\n";
  append_chunk(file, "IHDR", head);
  append_chunk(file, "IDAT", data);
  append_chunk(file, "IEND", "");
  return file;
}

}  // namespace aion::plot
