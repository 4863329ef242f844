#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plot/canvas.h"
#include "plot/png.h"
#include "plot/svg.h"

namespace aion::plot {
namespace {

using testing::HasSubstr;
using testing::Not;

Drawing drawing_of(Label label) {
  Drawing drawing;
  drawing.width = 100;
  drawing.height = 50;
  drawing.title = label.text;
  drawing.add(std::move(label));
  return drawing;
}

TEST(Svg, EscapesWhatXmlWouldMisread) {
  const std::string svg = to_svg(drawing_of({{10, 10}, "a < b & \"c\" > d"}));

  EXPECT_THAT(svg, HasSubstr("a &lt; b &amp;"));
  EXPECT_THAT(svg, Not(HasSubstr("a < b")));
}

TEST(Svg, ReplacesWhatIsNoCharacterOfXml) {
  const std::string svg = to_svg(drawing_of({{10, 10}, "a\x01 b\xff c\xed\xa0\x80"}));

  EXPECT_THAT(svg, Not(HasSubstr("\x01")));
  EXPECT_THAT(svg, Not(HasSubstr("\xff")));
  EXPECT_THAT(svg, Not(HasSubstr("\xed\xa0")));
}

TEST(Svg, FollowsTheViewersScheme) {
  EXPECT_THAT(to_svg(drawing_of({{10, 10}, "a"})), HasSubstr("prefers-color-scheme:dark"));
}

TEST(Png, HasTheSizeThatTheScaleAsksFor) {
  const auto png = to_png(drawing_of({{10, 10}, "a"}), Theme::Light, 2);

  ASSERT_TRUE(png);
  ASSERT_GT(png->size(), 33U);
  EXPECT_EQ(png->substr(1, 3), "PNG");
  EXPECT_EQ(static_cast<unsigned char>((*png)[19]), 200) << "width";
  EXPECT_EQ(static_cast<unsigned char>((*png)[23]), 100) << "height";
}

TEST(Png, RefusesMoreThanTheMostPixels) {
  EXPECT_EQ(to_png(drawing_of({{10, 10}, "a"}), Theme::Light, 1000).error().code,
            Code::InvalidArgument);
}

TEST(Canvas, FillsWhatIsAskedAndMixesItsEdges) {
  Canvas canvas(4, 1, {255, 255, 255});

  canvas.fill({1, 0}, 1.5, 1, {0, 0, 0}, 1);

  EXPECT_EQ(canvas.pixels()[0], 255);
  EXPECT_EQ(canvas.pixels()[3], 0);
  EXPECT_NEAR(canvas.pixels()[6], 128, 2) << "half of it is covered";
  EXPECT_EQ(canvas.pixels()[9], 255);
}

TEST(Canvas, IgnoresWhatLiesOutside) {
  Canvas canvas(2, 2, {255, 255, 255});
  const std::array<Point, 2> line{Point{-50, -50}, Point{-10, 400}};

  canvas.fill({-10, -10}, 5, 5, {0, 0, 0}, 1);
  canvas.stroke(line, 3, {0, 0, 0});

  for (const std::uint8_t value : canvas.pixels()) {
    EXPECT_EQ(value, 255);
  }
}

}  // namespace
}  // namespace aion::plot
