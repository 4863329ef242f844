#include "cli/model_commands.h"

#include <cstdio>

#include "cli/connection.h"
#include "cli/table.h"

namespace aion::cli {

namespace {

void print_json(const Json& json) {
  std::printf("%s\n", to_text(json).c_str());
}

Exit list(const Arguments& arguments) {
  const auto url = daemon_url(arguments);
  if (!url) {
    return failed(url.error());
  }
  Connection connection(*url);
  const auto index = connection.post("/v2/repository/index", "");
  if (!index) {
    return failed(index.error());
  }
  if (arguments.has("json")) {
    print_json(*index);
    return Exit::Done;
  }
  std::vector<std::vector<std::string>> rows{{"MODEL", "VERSION", "STATE", "REASON"}};
  for (const Json& row : *index) {
    rows.push_back({row.value("name", ""),
                    row.value("version", "-"),
                    row.value("state", "-"),
                    row.value("reason", "")});
  }
  std::fputs(columns(rows).c_str(), stdout);
  return Exit::Done;
}

std::string shape_text(const Json& shape) {
  std::string text;
  for (const Json& extent : shape) {
    text += (text.empty() ? "" : ",") + extent.dump();
  }
  return "[" + text + "]";
}

std::string average_us(const Json& duration) {
  const double count = duration.value("count", 0.0);
  const double ns = duration.value("ns", 0.0);
  if (count == 0) {
    return "-";
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f us", ns / count / 1'000);
  return text.data();
}

void print_model(const Json& metadata, const Json& statistics) {
  std::string versions;
  for (const Json& version : metadata["versions"]) {
    versions += (versions.empty() ? "" : ", ") + version.get<std::string>();
  }
  std::printf("%s  versions %s  platform %s\n\n",
              metadata.value("name", "").c_str(),
              versions.c_str(),
              metadata.value("platform", "").c_str());
  std::vector<std::vector<std::string>> tensors{{"", "NAME", "TYPE", "SHAPE"}};
  for (const char* kind : {"inputs", "outputs"}) {
    for (const Json& spec : metadata[kind]) {
      tensors.push_back({std::string(kind).substr(0, std::string(kind).size() - 1),
                         spec.value("name", ""),
                         spec.value("datatype", ""),
                         shape_text(spec["shape"])});
    }
  }
  std::vector<std::vector<std::string>> counts{
      {"VERSION", "REQUESTS", "FAILED", "ROWS", "RUNS", "MEAN", "QUEUE", "RUN"}};
  for (const Json& one : statistics["model_stats"]) {
    const Json& stats = one["inference_stats"];
    counts.push_back({one.value("version", ""),
                      std::to_string(stats["success"].value("count", 0)),
                      std::to_string(stats["fail"].value("count", 0)),
                      std::to_string(one.value("inference_count", 0)),
                      std::to_string(one.value("execution_count", 0)),
                      average_us(stats["success"]),
                      average_us(stats["queue"]),
                      average_us(stats["compute_infer"])});
  }
  std::printf("%s\n%s", columns(tensors).c_str(), columns(counts).c_str());
}

Exit show(const Arguments& arguments) {
  const auto url = daemon_url(arguments);
  if (!url) {
    return failed(url.error());
  }
  Connection connection(*url);
  const std::string path = "/v2/models/" + percent_encoded(arguments.words[0]);
  const auto metadata = connection.get(path);
  if (!metadata) {
    return failed(metadata.error());
  }
  const auto statistics = connection.get(path + "/stats");
  if (!statistics) {
    return failed(statistics.error());
  }
  if (arguments.has("json")) {
    print_json(Json{{"metadata", *metadata}, {"statistics", *statistics}});
  } else {
    print_model(*metadata, *statistics);
  }
  return Exit::Done;
}

Exit change(const Arguments& arguments, const char* verb) {
  const std::string& model = arguments.words[0];
  const auto url = daemon_url(arguments);
  if (!url) {
    return failed(url.error());
  }
  Connection connection(*url);
  const auto answer =
      connection.post("/v2/repository/models/" + percent_encoded(model) + "/" + verb, "{}");
  if (!answer) {
    return failed(answer.error());
  }
  if (arguments.has("json")) {
    print_json(Json{{"model", model}, {"done", verb}});
  } else {
    std::printf("%sed %s\n", verb, model.c_str());
  }
  return Exit::Done;
}

}  // namespace

std::vector<Command> model_commands() {
  std::vector<Option> options = connection_options();
  options.push_back({"json", "", "print JSON"});
  const auto load = [](const Arguments& arguments) {
    return change(arguments, "load");
  };
  const auto unload = [](const Arguments& arguments) {
    return change(arguments, "unload");
  };
  return {
      {"model ls", "", 0, 0, "list models with their versions and states", options, list},
      {"model show", "MODEL", 1, 1, "show a model's inputs, outputs and statistics", options, show},
      {"model load",
       "MODEL",
       1,
       1,
       "load a model, or load it again from the repository",
       options,
       load},
      {"model unload", "MODEL", 1, 1, "take a model out of service", options, unload},
  };
}

}  // namespace aion::cli
