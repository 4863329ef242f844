#include "cli/explain_command.h"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "cli/number_flag.h"
#include "cli/table.h"

namespace aion::cli {

namespace {

constexpr double kMostAmount = 1e9;

/// --named licence=2
Result<Json> named_amounts(const Arguments& arguments) {
  Json named = Json::object();
  for (const std::string& given : arguments.values("named")) {
    const std::size_t equals = given.find('=');
    double amount = 0;
    const char* const end = given.data() + given.size();
    const char* const begin = equals == std::string::npos ? end : given.data() + equals + 1;
    const auto read = std::from_chars(begin, end, amount);
    const bool is_within = amount >= 0 && amount <= kMostAmount;
    if (equals == 0 || read.ec != std::errc{} || read.ptr != end || !is_within) {
      return Error{Code::InvalidArgument, "--named: expected NAME=AMOUNT, got '" + given + "'"};
    }
    named[given.substr(0, equals)] = amount;
  }
  return named;
}

Result<Json> claim_of(const Arguments& arguments) {
  Json claim = Json::object();
  if (const auto device = arguments.value("device")) {
    claim["device"] = *device;
  }
  AION_TRY(claim["cores"], number_flag(arguments, "cores", 0.0, 0.0, kMostAmount));
  if (const auto memory = arguments.value("memory")) {
    const auto bytes = parse_bytes(*memory);
    if (!bytes) {
      return in_context("--memory", bytes.error());
    }
    claim["memory_bytes"] = bytes->count;
  }
  AION_TRY(claim["named"], named_amounts(arguments));
  claim["core_use"] = arguments.has("pinned") ? "pinned" : "any";
  return claim;
}

Result<Json> explained_claim(Connection& connection, const Arguments& arguments) {
  AION_TRY(Json claim, claim_of(arguments));
  Json body;
  body["claims"] = Json::array({std::move(claim)});
  AION_TRY(Json answer, connection.post("/api/aion/v1/explain", to_text(body)));
  return answer;
}

Result<std::string> claim_text(const Json& answer) {
  std::string text = answer.at("text").get<std::string>() + "\n";
  if (answer.at("holders").empty()) {
    return text;
  }
  std::vector<std::vector<std::string>> rows{{"HELD BY", "DEVICE", "CORES", "MEMORY"}};
  for (const Json& lease : answer.at("holders")) {
    rows.push_back({lease.value("holder", ""),
                    lease.value("device", ""),
                    lease.at("cores").dump(),
                    to_string(Bytes{lease.value("memory_bytes", std::uint64_t{0})})});
  }
  return text + "\n" + columns(rows);
}

Result<Json> explained_model(Connection& connection, const std::string& name) {
  AION_TRY(const Json answer, connection.get("/api/aion/v1/activity"));
  return read_answer([&]() -> Result<Json> {
    Json versions = Json::array();
    for (const Json& model : answer.at("models")) {
      if (model.at("name") == name) {
        versions.push_back(model);
      }
    }
    return versions;
  });
}

std::string mean_ms(const Json& model, const char* total) {
  constexpr double kNsPerMs = 1e6;
  std::array<char, 32> text{};
  std::snprintf(text.data(),
                text.size(),
                "%.3f ms",
                model.at(total).get<double>() / model.at("requests").get<double>() / kNsPerMs);
  return text.data();
}

std::string leases_text(const Json& leases) {
  std::string text;
  for (const Json& lease : leases) {
    const bool is_lent = lease.value("core_use", "") == "lent";
    text += (text.empty() ? "holds " : ", ") +
            to_string(Bytes{lease.value("memory_bytes", std::uint64_t{0})}) + " of " +
            lease.value("device", "") +
            (is_lent ? " and runs in turns on the cores of 'inference'"
                     : " and " + lease.at("cores").dump() + " cores");
  }
  return text;
}

/// "version 1 is ready: holds ...; 3 requests wait; ..."
std::string version_text(const Json& model) {
  const std::string state = model.value("state", "");
  const std::string reason = model.value("reason", "");
  std::string text =
      model.at("version") == 0 ? "never loaded" : "version " + model.at("version").dump();
  text += model.at("version") == 0 ? "" : " is " + state;
  text += reason.empty() ? "" : ": " + reason;
  if (const std::string leases = leases_text(model.at("leases")); !leases.empty()) {
    text += "\n  " + leases;
  }
  if (state == "READY") {
    text += "\n  waiting for their turn: " + model.at("waiting").dump() + " requests";
  }
  if (model.at("requests") > 0) {
    text += "\n  answered: " + model.at("requests").dump() + " requests, " +
            mean_ms(model, "total_ns") + " each, of that " + mean_ms(model, "queue_ns") +
            " in the queue and " + mean_ms(model, "run_ns") + " running";
  }
  if (model.at("failed") > 0) {
    text += "\n  failed: " + model.at("failed").dump() + " requests";
  }
  return text + "\n";
}

Result<std::string> model_text(const std::string& name, const Json& versions) {
  std::string text;
  for (const Json& version : versions) {
    text += name + " " + version_text(version);
  }
  return text;
}

/// Either a model or something that is wanted.
Result<void> check(const Arguments& arguments) {
  bool is_claim = false;
  for (const char* flag : {"device", "cores", "pinned", "memory", "named"}) {
    is_claim = is_claim || arguments.value(flag).has_value();
  }
  if (is_claim == arguments.words.empty()) {
    return {};
  }
  return Error{Code::InvalidArgument,
               "explain: expected a MODEL or what is wanted (--cores, --memory, --named), got " +
                   std::string(is_claim ? "both" : "neither")};
}

Exit explain(const Arguments& arguments, const FindPlace& find) {
  if (const auto checked = check(arguments); !checked) {
    return failed(checked.error());
  }
  const auto url = daemon_url(arguments, find);
  if (!url) {
    return failed(url.error());
  }
  Connection connection(*url);
  const bool is_model = !arguments.words.empty();
  const auto answer = is_model ? explained_model(connection, arguments.words[0])
                               : explained_claim(connection, arguments);
  if (!answer) {
    return failed(answer.error());
  }
  if (is_model && answer->empty()) {
    return failed({Code::NotFound,
                   "no model '" + arguments.words[0] + "'; aion model ls lists those there are"});
  }
  if (arguments.has("json")) {
    std::printf("%s\n", to_text(*answer).c_str());
    return Exit::Done;
  }
  const auto text = read_answer(
      [&] { return is_model ? model_text(arguments.words[0], *answer) : claim_text(*answer); });
  if (!text) {
    return failed(text.error());
  }
  std::fputs(text->c_str(), stdout);
  return Exit::Done;
}

}  // namespace

Command explain_command(FindPlace find) {
  std::vector<Option> options = connection_options();
  options.push_back(
      {"device", "DEVICE", "of which it is wanted (default: the one that serves models)"});
  options.push_back({"cores", "N", "CPU cores, or the share of an accelerator in [0, 1]"});
  options.push_back({"pinned", "", "cores that nobody else runs on"});
  options.push_back({"memory", "SIZE", "of the device, such as 2GiB"});
  options.push_back({"named", "NAME=N", "of something that the configuration has named", true});
  options.push_back({"json", "", "print JSON"});
  const auto run = [find = std::move(find)](const Arguments& arguments) {
    return explain(arguments, find);
  };
  return {"explain",
          "[MODEL]",
          0,
          1,
          "tell why a model stands as it does, or whether there is room for a claim, and if not, "
          "why and when",
          std::move(options),
          run};
}

}  // namespace aion::cli
