#include "cli/bench_command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>
#include <utility>

#include "cli/connection.h"
#include "cli/infer_exchange.h"
#include "cli/input_file.h"
#include "cli/number_flag.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "net/client/load_generator.h"

namespace aion::cli {

namespace {

constexpr std::int64_t kMaxElements = 64'000'000;
constexpr std::uint64_t kMaxConnections = 10'000;

/// --shape NAME:1,64
Result<std::map<std::string, tensor::Shape>> shapes_of(const Arguments& arguments) {
  std::map<std::string, tensor::Shape> shapes;
  for (const std::string& given : arguments.values("shape")) {
    const std::size_t colon = given.rfind(':');
    const Error wrong{Code::InvalidArgument, "--shape: expected NAME:1,64, got '" + given + "'"};
    if (colon == std::string::npos) {
      return wrong;
    }
    tensor::Shape shape;
    const char* at = given.data() + colon + 1;
    const char* const end = given.data() + given.size();
    while (at < end) {
      std::int64_t extent = 0;
      const auto parsed = std::from_chars(at, end, extent);
      if (parsed.ec != std::errc{} || extent < 0 || (parsed.ptr != end && *parsed.ptr != ',')) {
        return wrong;
      }
      shape.push_back(extent);
      at = parsed.ptr + 1;
    }
    shapes[given.substr(0, colon)] = std::move(shape);
  }
  return shapes;
}

/// Numbers that no model minds: 0 to 1 for floats, 0 or 1 for the rest, the empty string for BYTES.
Result<HostTensor> made_up(const HostTensor& declared,
                           const std::map<std::string, tensor::Shape>& shapes) {
  HostTensor made{declared.name, declared.dtype, declared.shape, {}};
  if (const auto given = shapes.find(declared.name); given != shapes.end()) {
    made.shape = given->second;
  }
  for (std::int64_t& extent : made.shape) {
    extent = extent < 0 ? 1 : extent;
  }
  AION_TRY(const std::int64_t count, tensor::element_count(made.shape));
  if (count > kMaxElements) {
    return Error{Code::InvalidArgument,
                 "input '" + made.name + "' of shape " + tensor::to_string(made.shape) +
                     " is too large; give --shape"};
  }
  if (made.dtype == tensor::DataType::Bytes) {
    made.data.assign(static_cast<std::size_t>(count) * sizeof(std::uint32_t), '\0');
    return made;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    append_number(static_cast<double>(i % 97) / 97.0, made.dtype, made.data);
  }
  return made;
}

Result<std::vector<HostTensor>> inputs_of(const Arguments& arguments, const ModelShape& model) {
  AION_TRY(auto inputs, read_inputs(arguments, model));
  AION_TRY(const auto shapes, shapes_of(arguments));
  for (const HostTensor& declared : model.inputs) {
    const bool is_given = std::any_of(inputs.begin(), inputs.end(), [&](const HostTensor& input) {
      return input.name == declared.name;
    });
    if (!is_given) {
      AION_TRY(auto made, made_up(declared, shapes));
      inputs.push_back(std::move(made));
    }
  }
  return inputs;
}

net::ClientRequest json_request(const ModelShape& model, const std::vector<HostTensor>& inputs) {
  Json body;
  body["inputs"] = Json::array();
  for (const HostTensor& input : inputs) {
    body["inputs"].push_back({{"name", input.name},
                              {"shape", input.shape},
                              {"datatype", to_string(input.dtype)},
                              {"data", json_values(input)}});
  }
  return {"POST", model.path + "/infer", {{"Content-Type", "application/json"}}, to_text(body)};
}

/// The bytes of the request as the load generator sends them.
std::string wire_of(const net::ClientRequest& request, const std::string& host) {
  std::string wire = request.method + " " + request.url + " HTTP/1.1\r\nHost: " + host + "\r\n";
  for (const auto& [name, value] : request.headers) {
    wire += name + ": " + value + "\r\n";
  }
  return wire + "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" +
         request.body;
}

Result<net::LoadConfig> load_config(const Arguments& arguments, const std::string& url) {
  net::LoadConfig config;
  AION_TRY(Endpoint endpoint, endpoint_of(url));
  config.address = std::move(endpoint.host);
  config.port = endpoint.port;
  AION_TRY(config.connections,
           number_flag<std::uint64_t>(arguments, "connections", 1, 1, kMaxConnections));
  AION_TRY(config.request_count,
           number_flag<std::uint64_t>(arguments, "requests", 0, 1, 1'000'000'000));
  AION_TRY(const double seconds, number_flag<double>(arguments, "duration-s", 10, 0.1, 86'400));
  config.duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  if (arguments.value("rate")) {
    AION_TRY(config.requests_per_second,
             number_flag<double>(arguments, "rate", 0, 0.1, 10'000'000));
  }
  return config;
}

double microseconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1'000.0;
}

Json report_json(const net::LoadReport& report, const net::LoadConfig& config) {
  const double seconds = static_cast<double>(report.elapsed.count()) * 1e-9;
  Json json;
  json["mode"] = config.requests_per_second ? "open" : "closed";
  json["connections"] = config.connections;
  if (config.requests_per_second) {
    json["rate"] = *config.requests_per_second;
  }
  json["seconds"] = seconds;
  json["requests"] = report.answered;
  json["requests_per_second"] = seconds > 0 ? static_cast<double>(report.answered) / seconds : 0.0;
  json["mean_us"] = microseconds(report.latency.mean());
  for (const auto& [name, quantile] : {std::pair("p50_us", 0.5),
                                       std::pair("p90_us", 0.9),
                                       std::pair("p99_us", 0.99),
                                       std::pair("p99_9_us", 0.999)}) {
    json[name] = microseconds(report.latency.at_quantile(quantile));
  }
  json["max_us"] = microseconds(report.latency.max());
  json["failed"] = report.not_ok;
  json["errors"] = report.errors;
  json["unsent"] = report.unsent;
  return json;
}

void print_report(const Json& json) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, value] : json.items()) {
    std::array<char, 40> number{};
    if (value.is_number_float()) {
      std::snprintf(number.data(), number.size(), "%.1f", value.get<double>());
    }
    rows.push_back({key,
                    value.is_string()         ? value.get<std::string>()
                    : value.is_number_float() ? number.data()
                                              : value.dump()});
  }
  std::fputs(columns(rows).c_str(), stdout);
}

struct Bench {
  net::LoadConfig config;
  std::string model;
};

Result<Bench> prepare(const Arguments& arguments, const FindPlace& find) {
  AION_TRY(const std::string url, daemon_url(arguments, find));
  AION_TRY(net::LoadConfig config, load_config(arguments, url));
  Connection connection(url);
  AION_TRY(const ModelShape model,
           fetch_model(connection, arguments.words[0], arguments.value("version").value_or("")));
  AION_TRY(const auto inputs, inputs_of(arguments, model));
  const net::ClientRequest request =
      arguments.has("json-body") ? json_request(model, inputs) : binary_request(model, inputs, {});
  AION_TRY(const auto tried,
           connection.send(request));  // the daemon's words if the request does not fit the model
  config.request = wire_of(request, url.substr(url.find("://") + 3));
  return Bench{std::move(config), arguments.words[0]};
}

Exit bench(const Arguments& arguments, const FindPlace& find) {
  auto prepared = prepare(arguments, find);
  if (!prepared) {
    return failed(prepared.error());
  }
  const auto report = [&] {
    const Progress progress(
        "asking " + prepared->model,
        std::chrono::duration_cast<std::chrono::seconds>(prepared->config.duration));
    return net::generate_load(prepared->config);
  }();
  if (!report) {
    return failed(report.error());
  }
  const Json json = report_json(*report, prepared->config);
  if (arguments.has("json")) {
    std::printf("%s\n", to_text(json).c_str());
  } else {
    print_report(json);
  }
  if (report->not_ok > 0) {
    say_error("first failure, status " + std::to_string(report->failing_status) + ": " +
              report->failing_body);
  }
  if (report->errors > 0) {
    say_error("first request without an answer: " + report->first_error);
  }
  return report->not_ok + report->errors > 0 ? Exit::Failed : Exit::Done;
}

}  // namespace

Command bench_command(FindPlace find) {
  std::vector<Option> options = {
      {"connections", "N", "connections at once (default 1)"},
      {"duration-s", "X", "seconds to run (default 10)"},
      {"requests", "N", "stop after so many requests instead"},
      {"rate",
       "X",
       "open loop: send X requests a second whatever the answers do; latency counts from the "
       "intended time"},
      {"json-body", "", "send tensors as JSON instead of binary"},
      {"shape",
       "NAME:N,N",
       "shape of an input with open extents (default 1 each); repeatable",
       true},
      {"version", "N", "ask this version of the model"},
      {"json", "", "print JSON"}};
  for (auto& more : {input_options(), connection_options()}) {
    options.insert(options.end(), more.begin(), more.end());
  }
  const auto run = [find = std::move(find)](const Arguments& arguments) {
    return bench(arguments, find);
  };
  return {"bench",
          "MODEL",
          1,
          1,
          "measure how fast a model answers over HTTP",
          std::move(options),
          run};
}

}  // namespace aion::cli
