#include "plot/drawing.h"

#include <array>
#include <utility>

namespace aion::plot {
namespace {

using Palette = std::array<Color, kInks>;

constexpr Palette kLight{{{255, 255, 255},
                          {31, 35, 40},
                          {89, 99, 110},
                          {226, 229, 233},
                          {0, 101, 179},
                          {214, 94, 0},
                          {0, 143, 107},
                          {184, 72, 140},
                          {110, 84, 196},
                          {160, 118, 0},
                          {38, 151, 201},
                          {90, 90, 90}}};
constexpr Palette kDark{{{19, 23, 29},
                         {230, 234, 239},
                         {151, 161, 172},
                         {46, 53, 61},
                         {92, 171, 240},
                         {245, 148, 66},
                         {62, 196, 154},
                         {226, 131, 189},
                         {167, 145, 242},
                         {222, 184, 65},
                         {120, 205, 240},
                         {180, 186, 194}}};

}  // namespace

Ink series_ink(std::size_t i) {
  return static_cast<Ink>(static_cast<std::size_t>(Ink::Series0) + i % kSeriesInks);
}

void Drawing::add(const Box& box) {
  shapes.emplace_back(std::in_place_type<Box>, box);
}

void Drawing::add(Path path) {
  shapes.emplace_back(std::in_place_type<Path>, std::move(path));
}

void Drawing::add(Label label) {
  shapes.emplace_back(std::in_place_type<Label>, std::move(label));
}

Color color_of(Ink ink, Theme theme) {
  return (theme == Theme::Light ? kLight : kDark).at(static_cast<std::size_t>(ink));
}

}  // namespace aion::plot
