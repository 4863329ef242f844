#include "plot/utf8.h"

#include <array>
#include <cstddef>

namespace aion::plot {
namespace {

constexpr char32_t kNone = 0xffff;

struct Form {
  unsigned mask;
  unsigned mark;
  std::size_t bytes;
  char32_t least;  // what needs so many bytes; a smaller one is written in a longer way than it may
};
constexpr std::array<Form, 4> kForms{
    {{0x80, 0x00, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}}};

}  // namespace

char32_t next_letter(std::string_view& text) {
  const auto byte = [&](std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(text[at]));
  };
  for (const Form& form : kForms) {
    if ((byte(0) & form.mask) != form.mark || text.size() < form.bytes) {
      continue;
    }
    char32_t letter = byte(0) & ~form.mask;
    bool is_whole = true;
    for (std::size_t i = 1; i < form.bytes; ++i) {
      is_whole = is_whole && (byte(i) & 0xc0U) == 0x80U;
      letter = letter << 6U | (byte(i) & 0x3fU);
    }
    const bool is_surrogate = letter >= 0xd800 && letter <= 0xdfff;
    if (is_whole && letter >= form.least && letter <= 0x10ffff && !is_surrogate) {
      text.remove_prefix(form.bytes);
      return letter;
    }
  }
  text.remove_prefix(1);
  return kNone;
}

}  // namespace aion::plot
