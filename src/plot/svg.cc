#include "plot/svg.h"

#include <array>
#include <charconv>
#include <cmath>

#include "plot/utf8.h"

namespace aion::plot {
namespace {

/// At most two decimals, no more digits than needed.
void append(std::string& text, double value) {
  std::array<char, 32> digits{};
  const double rounded = std::round(value * 100) / 100 + 0.0;  // no "-0"
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), rounded);
  text.append(digits.data(), error == std::errc{} ? end : digits.data());
}

std::string escaped(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const std::string_view bytes = text;
    const char32_t letter = next_letter(text);
    const bool is_of_xml = letter >= U' ' && letter != 0xfffe && letter != 0xffff && letter != 0x7f;
    switch (is_of_xml ? letter : U'?') {
      case U'<':
        safe += "&lt;";
        break;
      case U'>':
        safe += "&gt;";
        break;
      case U'&':
        safe += "&amp;";
        break;
      case U'"':
        safe += "&quot;";
        break;
      case U'?':
        safe += '?';
        break;
      default:
        safe += bytes.substr(0, bytes.size() - text.size());
    }
  }
  return safe;
}

std::string hex(Color color) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "#";
  for (const unsigned part : {color.red, color.green, color.blue}) {
    text += kDigits[part >> 4U];
    text += kDigits[part & 15U];
  }
  return text;
}

/// Classes f0, f1, ... fill with an ink, s0, s1, ... draw lines with it.
std::string rules(Theme theme) {
  std::string css;
  for (std::size_t i = 0; i < kInks; ++i) {
    const std::string number = std::to_string(i);
    const std::string color = hex(color_of(static_cast<Ink>(i), theme));
    css += ".f" + number + "{fill:" + color + "}.s" + number + "{stroke:" + color + "}";
  }
  return css;
}

class Writer {
 public:
  explicit Writer(const Drawing& drawing) {
    text_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"";
    append(text_, drawing.width);
    text_ += "\" height=\"";
    append(text_, drawing.height);
    text_ += "\" viewBox=\"0 0 ";
    append(text_, drawing.width);
    text_ += ' ';
    append(text_, drawing.height);
    text_ += "\">\n<title>" + escaped(drawing.title) + "</title>\n<style>" + rules(Theme::Light) +
             "path{fill:none;stroke-linejoin:round;stroke-linecap:round}path.b{stroke:none}"
             "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
             "@media(prefers-color-scheme:dark){" +
             rules(Theme::Dark) + "}</style>\n";
    write(Box{{0, 0}, drawing.width, drawing.height, Ink::Background, 1});
  }

  /// Boxes of one ink behind each other become one path: a picture of 20,000 of them stays small.
  void write(const Box& box) {
    if (!is_in_boxes_ || box.ink != ink_ || box.opacity != opacity_) {
      end_boxes();
      is_in_boxes_ = true;
      ink_ = box.ink;
      opacity_ = box.opacity;
      text_ += "<path class=\"b f" + number_of(box.ink) + "\"";
      if (box.opacity < 1) {
        text_ += " fill-opacity=\"";
        append(text_, box.opacity);
        text_ += '"';
      }
      text_ += " d=\"";
    }
    point('M', box.corner);
    text_ += 'h';
    append(text_, box.width);
    text_ += 'v';
    append(text_, box.height);
    text_ += 'h';
    append(text_, -box.width);
    text_ += 'z';
  }

  void write(const Path& path) {
    end_boxes();
    text_ += "<path class=\"s" + number_of(path.ink) + "\" stroke-width=\"";
    append(text_, path.width);
    text_ += "\" d=\"";
    char command = 'M';
    for (const Point& at : path.points) {
      point(command, at);
      command = 'L';
    }
    text_ += "\"/>\n";
  }

  void write(const Label& label) {
    constexpr std::array<std::string_view, 3> kAnchors{"start", "middle", "end"};
    end_boxes();
    text_ += "<text class=\"f" + number_of(label.ink) + "\" x=\"";
    append(text_, label.at.x);
    text_ += "\" y=\"";
    append(text_, label.at.y);
    text_ += "\" font-size=\"";
    append(text_, label.size);
    text_ += '"';
    if (label.anchor != Anchor::Begin) {
      text_ += " text-anchor=\"";
      text_ += kAnchors.at(static_cast<std::size_t>(label.anchor));
      text_ += '"';
    }
    text_ += label.is_bold ? " font-weight=\"600\"" : "";
    if (label.is_upright) {
      text_ += " transform=\"rotate(-90 ";
      append(text_, label.at.x);
      text_ += ' ';
      append(text_, label.at.y);
      text_ += ")\"";
    }
    text_ += ">" + escaped(label.text) + "</text>\n";
  }

  std::string end() {
    end_boxes();
    return std::move(text_) + "</svg>\n";
  }

 private:
  static std::string number_of(Ink ink) { return std::to_string(static_cast<int>(ink)); }

  void point(char command, Point at) {
    text_ += command;
    append(text_, at.x);
    text_ += ' ';
    append(text_, at.y);
  }

  void end_boxes() {
    text_ += is_in_boxes_ ? "\"/>\n" : "";
    is_in_boxes_ = false;
  }

  std::string text_;
  bool is_in_boxes_ = false;
  Ink ink_ = Ink::Text;
  double opacity_ = 1;
};

}  // namespace

std::string to_svg(const Drawing& drawing) {
  Writer writer(drawing);
  for (const Shape& shape : drawing.shapes) {
    std::visit([&](const auto& one) { writer.write(one); }, shape);
  }
  return writer.end();
}

}  // namespace aion::plot
