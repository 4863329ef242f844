#include "base/json.h"

namespace aion {

namespace {
constexpr int kMaxDepth = 100;
}

Result<Json> parse_json(std::string_view text) {
  bool too_deep = false;
  const auto within_depth = [&](int depth, Json::parse_event_t /*event*/, Json& /*parsed*/) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  try {
    Json json = Json::parse(text, within_depth);
    if (too_deep) {
      return Error{Code::InvalidArgument, "JSON is nested more than 100 levels deep"};
    }
    return json;
  } catch (const Json::exception& e) {
    return Error{Code::InvalidArgument, std::string("malformed JSON: ") + e.what()};
  }
}

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace aion
