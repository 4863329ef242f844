#include "plot/chart.h"

#include <cmath>

#include <gtest/gtest.h>

namespace aion::plot {
namespace {

template <class Shape>
std::vector<Shape> all(const Drawing& drawing) {
  std::vector<Shape> shapes;
  for (const auto& shape : drawing.shapes) {
    if (const auto* const one = std::get_if<Shape>(&shape)) {
      shapes.push_back(*one);
    }
  }
  return shapes;
}

bool has_label(const Drawing& drawing, const std::string& text) {
  for (const Label& label : all<Label>(drawing)) {
    if (label.text == text) {
      return true;
    }
  }
  return false;
}

/// Everything lies on the paper.
void expect_inside(const Drawing& drawing) {
  for (const Path& path : all<Path>(drawing)) {
    for (const Point& point : path.points) {
      EXPECT_TRUE(point.x >= 0 && point.x <= drawing.width) << point.x;
      EXPECT_TRUE(point.y >= 0 && point.y <= drawing.height) << point.y;
    }
  }
  for (const Box& box : all<Box>(drawing)) {
    EXPECT_TRUE(box.corner.x >= 0 && box.corner.x + box.width <= drawing.width + 1e-6);
    EXPECT_TRUE(box.corner.y >= 0 && box.corner.y + box.height <= drawing.height + 1e-6);
  }
}

std::vector<Path> of_ink(const Drawing& drawing, Ink ink) {
  std::vector<Path> paths;
  for (Path& path : all<Path>(drawing)) {
    if (path.ink == ink) {
      paths.push_back(std::move(path));
    }
  }
  return paths;
}

TEST(LineChart, DrawsALineForEachSeriesWithItsName) {
  LineChart chart;
  chart.title = "Title";
  chart.x.name = "x of it";
  chart.y.name = "y of it";
  chart.series = {{"one", {{0, 0}, {10, 10}}}, {"two", {{0, 10}, {10, 0}}}};

  const Drawing drawing = draw(chart);

  EXPECT_EQ(drawing.title, "Title");
  for (const char* text : {"Title", "x of it", "y of it", "one", "two"}) {
    EXPECT_TRUE(has_label(drawing, text)) << text;
  }
  const auto rising = of_ink(drawing, Ink::Series0);
  const auto falling = of_ink(drawing, Ink::Series1);
  ASSERT_FALSE(rising.empty() || falling.empty());
  EXPECT_GT(rising.back().points.front().y, rising.back().points.back().y) << "up is less y";
  EXPECT_LT(falling.back().points.front().y, falling.back().points.back().y);
  expect_inside(drawing);
}

TEST(LineChart, KeepsAPeakOfAMillionPoints) {
  LineChart chart;
  Series series{"noise", {}};
  for (int i = 0; i < 1'000'000; ++i) {
    series.points.push_back({static_cast<double>(i), i == 543'210 ? 100.0 : std::sin(i)});
  }
  chart.series = {series};

  const Drawing drawing = draw(chart);

  const auto lines = of_ink(drawing, Ink::Series0);
  ASSERT_FALSE(lines.empty());
  EXPECT_LT(lines.back().points.size(), 20'000U);
  double top = drawing.height;
  for (const Point& point : lines.back().points) {
    top = std::min(top, point.y);
  }
  EXPECT_LT(top, drawing.height / 3) << "the peak is not to be seen";
}

TEST(LineChart, TakesSeriesWithoutPoints) {
  LineChart chart;
  chart.series = {{"empty", {}}};

  expect_inside(draw(chart));
}

TEST(GanttChart, DrawsABarWhereAJobRan) {
  GanttChart chart;
  chart.lanes = 4;
  chart.end = 100;
  chart.lanes_name = "processors";
  chart.bars = {{0, 50, 0, 2, 0}, {50, 100, 2, 2, 1}};

  const Drawing drawing = draw(chart);

  std::vector<Box> bars;
  for (const Box& box : all<Box>(drawing)) {
    if (box.ink >= Ink::Series0) {
      bars.push_back(box);
    }
  }
  ASSERT_EQ(bars.size(), 2U);
  EXPECT_NEAR(bars[0].width, bars[1].width, 1.5);
  EXPECT_GT(bars[1].corner.x, bars[0].corner.x);
  EXPECT_LT(bars[1].corner.y, bars[0].corner.y) << "lane 0 is at the bottom";
  expect_inside(drawing);
}

TEST(GanttChart, LeavesNoBarOutWhenThereAreTooManyToTellApart) {
  GanttChart chart;
  chart.lanes = 10;
  chart.end = 100'000;
  for (int i = 0; i < 50'000; ++i) {
    chart.bars.push_back({static_cast<double>(i), i + 1.0, 0, 10, 0});
  }

  const Drawing drawing = draw(chart);

  double held = 0;
  double left_end = drawing.width;
  double right_end = 0;
  for (const Box& box : all<Box>(drawing)) {
    if (box.ink >= Ink::Series0) {
      held += box.width * box.height * box.opacity;
      left_end = std::min(left_end, box.corner.x);
      right_end = std::max(right_end, box.corner.x + box.width);
    }
  }
  EXPECT_GT(held, 0);
  EXPECT_LT(right_end, left_end + (drawing.width - left_end) * 0.6) << "the second half is idle";
  EXPECT_LT(drawing.shapes.size(), 60'000U);
  expect_inside(drawing);
}

TEST(BarChart, DrawsBarsAsLongAsTheirValues) {
  BarChart chart;
  chart.bars = {{"half", 5}, {"whole", 10}};

  const Drawing drawing = draw(chart);

  std::vector<double> widths;
  for (const Box& box : all<Box>(drawing)) {
    if (box.ink >= Ink::Series0) {
      widths.push_back(box.width);
    }
  }
  ASSERT_EQ(widths.size(), 2U);
  EXPECT_NEAR(widths[0] * 2, widths[1], 1);
}

TEST(PanelChart, GivesEachSeriesAPanelOfItsOwn) {
  PanelChart chart;
  chart.x = {"time", Scale::Duration, 0.0, 10.0};
  chart.y = {"share", Scale::Share, 0.0, 1.0};
  chart.series = {{"a", {{0, 1}, {10, 1}}, true}, {"b", {{0, 0.5}, {10, 0.5}}, true}};

  const Drawing drawing = draw(chart);

  EXPECT_TRUE(has_label(drawing, "a"));
  EXPECT_TRUE(has_label(drawing, "b"));
  expect_inside(drawing);
}

}  // namespace
}  // namespace aion::plot
