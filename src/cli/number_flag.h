// A flag whose value is a number.
#pragma once

#include <charconv>
#include <string>

#include "base/json.h"
#include "cli/command.h"

namespace aion::cli {

/// The flag's value, `otherwise` when it was not given; InvalidArgument when it is no number from
/// `least` to `most`.
template <class Number>
Result<Number> number_flag(const Arguments& arguments,
                           const std::string& flag,
                           Number otherwise,
                           Number least,
                           Number most) {
  const auto text = arguments.value(flag);
  if (!text) {
    return otherwise;
  }
  Number number{};
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool is_within = number >= least && number <= most;  // which "nan" is not
  if (parsed.ec != std::errc{} || parsed.ptr != text->data() + text->size() || !is_within) {
    return Error{Code::InvalidArgument,
                 "--" + flag + ": expected a number from " + Json(least).dump() + " to " +
                     Json(most).dump() + ", got '" + *text + "'"};
  }
  return number;
}

}  // namespace aion::cli
