#include "protocol/native/jobs_api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <map>
#include <utility>

#include "protocol/native/job_json.h"

// g++ 12 inlines Boost.Asio's operator new of a frame and not its operator delete, and then takes
// them for strangers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace aion::native {

namespace {

using jobs::Event;
using jobs::Job;

constexpr std::size_t kMostIndices = 100'000;
constexpr std::uint64_t kMostListed = 10'000;
constexpr std::uint64_t kMostLog = 1U << 20U;
constexpr std::uint64_t kMostWaitMs = 60'000;

constexpr std::array<std::pair<std::string_view, Event>, 4> kVerbs{{{"cancel", Event::Cancel},
                                                                    {"suspend", Event::Suspend},
                                                                    {"resume", Event::Resume},
                                                                    {"requeue", Event::Requeue}}};

int status_of(Code code) {
  switch (code) {
    case Code::InvalidArgument:
      return 400;
    case Code::PermissionDenied:
      return 403;
    case Code::NotFound:
      return 404;
    case Code::AlreadyExists:
    case Code::FailedPrecondition:
      return 409;
    case Code::ResourceExhausted:
      return 429;
    case Code::Unavailable:
      return 503;
    default:
      return 500;
  }
}

net::HttpResponse refused(const Error& error) {
  return net::HttpResponse::error(status_of(error.code), error.message);
}

Result<std::uint64_t> number_in(std::string_view name, std::string_view text, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || number > most) {
    return Error{Code::InvalidArgument,
                 "'" + std::string(name) + "': expected a whole number up to " +
                     std::to_string(most) + ", got '" + std::string(text.substr(0, 100)) + "'"};
  }
  return number;
}

using Query = std::map<std::string, std::string, std::less<>>;

/// Only names of `known`.
Result<Query> query_of(std::string_view text, std::initializer_list<std::string_view> known) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = net::percent_decoded(pair.substr(0, equals));
    if (std::ranges::find(known, name) == known.end()) {
      std::string names;
      for (const std::string_view one : known) {
        names.append(names.empty() ? "" : ", ").append(one);
      }
      return Error{
          Code::InvalidArgument,
          "query: expected " + (names.empty() ? "nothing" : names) + ", got '" + name + "'"};
    }
    query[name] = net::percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
  }
  return query;
}

Result<std::uint64_t> number_of(const Query& query,
                                std::string_view name,
                                std::uint64_t otherwise,
                                std::uint64_t most) {
  const auto found = query.find(name);
  return found == query.end() ? Result<std::uint64_t>(otherwise)
                              : number_in(name, found->second, most);
}

Result<std::vector<std::uint32_t>> indices_of(const Json& json) {
  const Error wrong{Code::InvalidArgument,
                    "'array': expected a list of 1 to " + std::to_string(kMostIndices) +
                        " different whole numbers from 0 up"};
  if (!json.is_array() || json.empty() || json.size() > kMostIndices) {
    return wrong;
  }
  std::vector<std::uint32_t> indices;
  for (const Json& one : json) {
    if (!one.is_number_unsigned() || one.get<std::uint64_t>() > UINT32_MAX) {
      return wrong;
    }
    indices.push_back(one.get<std::uint32_t>());
  }
  std::vector<std::uint32_t> sorted = indices;
  std::ranges::sort(sorted);
  return std::ranges::adjacent_find(sorted) == sorted.end()
             ? Result<std::vector<std::uint32_t>>(std::move(indices))
             : wrong;
}

Result<jobs::Filter> filter_of(std::string_view text) {
  AION_TRY(const Query query, query_of(text, {"state", "open", "array", "before", "limit"}));
  jobs::Filter filter;
  if (const auto state = query.find("state"); state != query.end()) {
    filter.state = jobs::find_state(state->second);
    if (!filter.state) {
      return Error{Code::InvalidArgument, "'state': there is no state '" + state->second + "'"};
    }
  }
  if (const auto open = query.find("open"); open != query.end()) {
    if (open->second != "true" && open->second != "false") {
      return Error{Code::InvalidArgument,
                   "'open': expected true or false, got '" + open->second + "'"};
    }
    filter.is_final = open->second == "false";
  }
  AION_TRY(filter.before, number_of(query, "before", 0, INT64_MAX));
  AION_TRY(filter.limit, number_of(query, "limit", 100, kMostListed));
  AION_TRY(const std::uint64_t array, number_of(query, "array", 0, INT64_MAX));
  if (array > 0) {
    filter.array = array;
  }
  return filter;
}

net::HttpResponse json_of(const Json& json) {
  return net::HttpResponse::json(200, to_text(json));
}

}  // namespace

/// A request, without views into it.
struct JobsApi::Call {
  Principal caller;
  net::HttpMethod method = net::HttpMethod::Get;
  std::uint64_t number = 0;  // 0 = all jobs
  std::string verb;          // behind the number
  std::string query;
  std::string body;
  CancelToken cancel;
};

Task<net::HttpResponse> JobsApi::submit(Call call) {
  AION_CO_TRY(Json json, parse_json(call.body));
  std::vector<std::uint32_t> array;
  if (json.is_object() && json.contains("array")) {
    AION_CO_TRY(array, indices_of(json["array"]));
    json.erase("array");
  }
  AION_CO_TRY(jobs::JobSpec spec, jobs::parse_spec(json));
  AION_CO_TRY(const auto made,
              co_await parts_.jobs.submit(call.caller, std::move(spec), std::move(array)));
  Json list = Json::array();
  for (const Job& job : made) {
    list.push_back(made.size() == 1 ? to_json(job, false)
                                    : Json{{"number", job.number}, {"id", job.id}});
  }
  co_return json_of(Json{{"jobs", std::move(list)}});
}

Task<net::HttpResponse> JobsApi::list(Call call) {
  AION_CO_TRY(const jobs::Filter filter, filter_of(call.query));
  AION_CO_TRY(const auto found, co_await parts_.jobs.list(call.caller, filter));
  AION_CO_TRY(const auto counts, co_await parts_.jobs.count(call.caller));
  Json json{{"jobs", Json::array()}, {"counts", Json::object()}};
  for (const Job& job : found) {
    json["jobs"].push_back(to_json(job, false));
  }
  for (const auto& [state, number] : counts) {
    json["counts"][std::string(jobs::name_of(state))] = number;
  }
  co_return json_of(json);
}

Task<net::HttpResponse> JobsApi::show(Call call) {
  AION_CO_TRY(const Job job, co_await parts_.jobs.find(call.caller, call.number));
  Json json = to_json(job, true);
  AION_CO_TRY(json["why"], co_await parts_.jobs.why(call.caller, call.number));
  AION_CO_TRY(const auto steps, co_await parts_.jobs.story(call.caller, call.number));
  AION_CO_TRY(const auto environment,
              co_await parts_.jobs.environment_of(call.caller, call.number));
  if (environment) {
    json["environment"] = {{"key", environment->key},
                           {"python", environment->python},
                           {"contents", environment->contents}};
  }
  json["story"] = Json::array();
  for (const jobs::Transition& step : steps) {
    json["story"].push_back(to_json(step));
  }
  co_return json_of(json);
}

Task<net::HttpResponse> JobsApi::log(Call call) {
  AION_CO_TRY(const Query query, query_of(call.query, {"attempt", "member", "offset", "limit"}));
  AION_CO_TRY(const std::uint64_t attempt, number_of(query, "attempt", 0, UINT32_MAX));
  AION_CO_TRY(const std::uint64_t member, number_of(query, "member", 0, UINT32_MAX));
  AION_CO_TRY(const std::uint64_t offset, number_of(query, "offset", 0, INT64_MAX));
  AION_CO_TRY(const std::uint64_t limit, number_of(query, "limit", kMostLog, kMostLog));
  AION_CO_TRY(jobs::LogPart part,
              co_await parts_.jobs.log(call.caller,
                                       call.number,
                                       static_cast<std::uint32_t>(attempt),
                                       static_cast<std::uint32_t>(member),
                                       offset,
                                       limit));
  net::HttpResponse response;
  response.content_type = "application/octet-stream";
  response.headers.emplace_back("Aion-Log-Offset", std::to_string(part.offset));
  response.headers.emplace_back("Aion-Log-End", part.is_end ? "1" : "0");
  response.text = std::move(part.text);
  co_return response;
}

Task<net::HttpResponse> JobsApi::wait(Call call) {
  AION_CO_TRY(const Query query, query_of(call.query, {"timeout_ms"}));
  AION_CO_TRY(const std::uint64_t limit, number_of(query, "timeout_ms", kMostWaitMs, kMostWaitMs));
  const TimePoint until = parts_.executors.clock().now() + std::chrono::milliseconds(limit);
  AION_CO_TRY(const Job job,
              co_await parts_.jobs.wait(call.caller, call.number, until, call.cancel));
  co_return json_of(to_json(job, false));
}

Task<net::HttpResponse> JobsApi::act(Call call) {
  const auto* const verb =
      std::ranges::find(kVerbs, call.verb, [](const auto& one) { return one.first; });
  if (verb == kVerbs.end()) {
    co_return net::HttpResponse::error(404, "Not Found");
  }
  AION_CO_TRY(const Job job, co_await parts_.jobs.act(call.caller, call.number, verb->second));
  co_return json_of(to_json(job, false));
}

Task<net::HttpResponse> JobsApi::environments(Call call) {
  AION_CO_TRY(const Query query, query_of(call.query, {"unused_s"}));
  if (call.method == net::HttpMethod::Post) {
    constexpr std::uint64_t kUsual = std::uint64_t{30} * 24 * 3600;
    AION_CO_TRY(const std::uint64_t unused, number_of(query, "unused_s", kUsual, INT32_MAX));
    AION_CO_TRY(const Bytes freed,
                co_await parts_.jobs.collect_environments(std::chrono::seconds(unused)));
    co_return json_of(Json{{"freed_bytes", freed.count}});
  }
  AION_CO_TRY(const auto all, co_await parts_.jobs.environments());
  Json list = Json::array();
  for (const jobs::Environment& one : all) {
    list.push_back(
        {{"key", one.key},
         {"python", one.python},
         {"size_bytes", one.size.count},
         {"used_ms",
          std::chrono::duration_cast<std::chrono::milliseconds>(one.used.time_since_epoch())
              .count()},
         {"contents", one.contents}});
  }
  co_return json_of(Json{{"environments", std::move(list)}});
}

Task<net::HttpResponse> JobsApi::answer(Call call) {
  const bool is_get = call.method == net::HttpMethod::Get;
  if (!is_get && call.method != net::HttpMethod::Post) {
    co_return net::HttpResponse::error(405, "Method Not Allowed");
  }
  if (call.verb == "environments") {
    co_return co_await environments(std::move(call));
  }
  if (call.number == 0 && is_get) {
    co_return co_await list(std::move(call));
  }
  if (call.number == 0) {
    co_return co_await submit(std::move(call));
  }
  if (!is_get) {
    co_return co_await act(std::move(call));
  }
  if (call.verb.empty()) {
    co_return co_await show(std::move(call));
  }
  if (call.verb == "log") {
    co_return co_await log(std::move(call));
  }
  if (call.verb == "wait") {
    co_return co_await wait(std::move(call));
  }
  co_return net::HttpResponse::error(404, "Not Found");
}

Awaitable<net::HttpResponse> JobsApi::handle(net::HttpRequest& request) {
  const std::string_view authorization = request.header("authorization");
  const security::Credentials credentials{request.peer_address, authorization};
  const auto principal = parts_.authorizer.identify(credentials);
  if (!principal) {
    co_return net::HttpResponse::error(403, principal.error().message);
  }
  if (!parts_.token.is_shown_by(authorization)) {
    net::HttpResponse response = net::HttpResponse::error(
        401,
        "jobs: expected 'Authorization: Bearer' with what stands in the data folder's 'token'");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    co_return response;
  }
  constexpr std::string_view kRoot = "/api/aion/v1/jobs";
  std::string_view rest = request.path.substr(std::min(kRoot.size(), request.path.size()));
  rest.remove_prefix(rest.starts_with('/') ? 1 : 0);
  Call call;
  call.caller = **principal;
  call.method = request.method;
  call.query = request.query;
  call.body = request.body.text();
  call.cancel = request.context.cancel;
  if (rest == "environments") {
    call.verb = rest;
  } else if (!rest.empty()) {
    const std::string_view number = rest.substr(0, rest.find('/'));
    const auto read = number_in("job", number, INT64_MAX);
    if (!read || *read == 0) {
      co_return net::HttpResponse::error(404, "there is no job '" + std::string(number) + "'");
    }
    call.number = *read;
    call.verb = rest.substr(std::min(rest.size(), number.size() + 1));
  }
  const auto answered = co_await answer(std::move(call));
  if (!answered) {
    co_return refused(answered.error());
  }
  co_return *answered;
}

}  // namespace aion::native
