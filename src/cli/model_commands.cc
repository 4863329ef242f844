#include "cli/model_commands.h"

#include <cstdint>
#include <cstdio>

#include "base/bytes.h"
#include "cli/connection.h"
#include "cli/table.h"

namespace aion::cli {

namespace {

void print_json(const Json& json) {
  std::printf("%s\n", to_text(json).c_str());
}

Exit print(const Result<std::string>& text) {
  if (!text) {
    return failed(text.error());
  }
  std::fputs(text->c_str(), stdout);
  return Exit::Done;
}

/// Rows of the index with what the model holds; of several versions the first row says it.
Json with_memory(Json index, const Json& memory) {
  std::string last;
  for (Json& row : index) {
    const std::string name = row.value("name", "");
    for (const Json& model : memory.at("models")) {
      if (model.value("name", "") == name && name != last) {
        row["memory"] = model;
      }
    }
    last = name;
  }
  return index;
}

std::string memory_text(const Json& row) {
  if (!row.contains("memory") || !row["memory"].value("resident", false)) {
    return "-";
  }
  const Json& memory = row["memory"];
  return to_string(Bytes{memory.value("memory_bytes", std::uint64_t{0})}) +
         (memory.value("pinned", false) ? ", pinned" : "");
}

Result<std::string> index_text(const Json& index) {
  std::vector<std::vector<std::string>> rows{{"MODEL", "VERSION", "STATE", "MEMORY", "REASON"}};
  for (const Json& row : index) {
    rows.push_back({row.value("name", ""),
                    row.value("version", "-"),
                    row.value("state", "-"),
                    memory_text(row),
                    row.value("reason", "")});
  }
  return columns(rows);
}

Exit list(const Arguments& arguments, const FindPlace& find) {
  const auto url = daemon_url(arguments, find);
  if (!url) {
    return failed(url.error());
  }
  Connection connection(*url);
  const auto index = connection.post("/v2/repository/index", "");
  if (!index) {
    return failed(index.error());
  }
  const auto memory = connection.get("/api/aion/v1/models");
  if (!memory) {
    return failed(memory.error());
  }
  if (arguments.has("json")) {
    print_json(with_memory(*index, *memory));
    return Exit::Done;
  }
  return print(read_answer([&] { return index_text(with_memory(*index, *memory)); }));
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

Result<std::string> model_text(const Json& metadata, const Json& statistics) {
  std::string versions;
  for (const Json& version : metadata.at("versions")) {
    versions += (versions.empty() ? "" : ", ") + version.get<std::string>();
  }
  std::vector<std::vector<std::string>> tensors{{"", "NAME", "TYPE", "SHAPE"}};
  for (const char* kind : {"inputs", "outputs"}) {
    for (const Json& spec : metadata.at(kind)) {
      tensors.push_back({std::string(kind).substr(0, std::string(kind).size() - 1),
                         spec.value("name", ""),
                         spec.value("datatype", ""),
                         shape_text(spec.at("shape"))});
    }
  }
  std::vector<std::vector<std::string>> counts{
      {"VERSION", "REQUESTS", "FAILED", "ROWS", "RUNS", "MEAN", "QUEUE", "RUN"}};
  for (const Json& one : statistics.at("model_stats")) {
    const Json& stats = one.at("inference_stats");
    counts.push_back({one.value("version", ""),
                      std::to_string(stats.at("success").value("count", 0)),
                      std::to_string(stats.at("fail").value("count", 0)),
                      std::to_string(one.value("inference_count", 0)),
                      std::to_string(one.value("execution_count", 0)),
                      average_us(stats.at("success")),
                      average_us(stats.at("queue")),
                      average_us(stats.at("compute_infer"))});
  }
  return metadata.value("name", "") + "  versions " + versions + "  platform " +
         metadata.value("platform", "") + "\n\n" + columns(tensors) + "\n" + columns(counts);
}

Exit show(const Arguments& arguments, const FindPlace& find) {
  const auto url = daemon_url(arguments, find);
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
    return Exit::Done;
  }
  return print(read_answer([&] { return model_text(*metadata, *statistics); }));
}

Exit change(const Arguments& arguments, const FindPlace& find, const char* verb) {
  const std::string& model = arguments.words[0];
  const auto url = daemon_url(arguments, find);
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

Exit set_pin(const Arguments& arguments, const FindPlace& find, const char* verb) {
  const std::string& model = arguments.words[0];
  const auto url = daemon_url(arguments, find);
  if (!url) {
    return failed(url.error());
  }
  Connection connection(*url);
  const auto answer =
      connection.post("/api/aion/v1/models/" + percent_encoded(model) + "/" + verb, "{}");
  if (!answer) {
    return failed(answer.error());
  }
  if (arguments.has("json")) {
    print_json(Json{{"model", model}, {"done", verb}});
  } else {
    std::printf("%sned %s\n", verb, model.c_str());
  }
  return Exit::Done;
}

}  // namespace

std::vector<Command> model_commands(const FindPlace& find) {
  std::vector<Option> options = connection_options();
  options.push_back({"json", "", "print JSON"});
  const auto ls = [find](const Arguments& arguments) {
    return list(arguments, find);
  };
  const auto tell = [find](const Arguments& arguments) {
    return show(arguments, find);
  };
  const auto load = [find](const Arguments& arguments) {
    return change(arguments, find, "load");
  };
  const auto unload = [find](const Arguments& arguments) {
    return change(arguments, find, "unload");
  };
  const auto pin = [find](const Arguments& arguments) {
    return set_pin(arguments, find, "pin");
  };
  const auto unpin = [find](const Arguments& arguments) {
    return set_pin(arguments, find, "unpin");
  };
  return {
      {"model ls", "", 0, 0, "list models with their states and the memory they hold", options, ls},
      {"model show", "MODEL", 1, 1, "show a model's inputs, outputs and statistics", options, tell},
      {"model load",
       "MODEL",
       1,
       1,
       "load a model, or load it again from the repository",
       options,
       load},
      {"model unload", "MODEL", 1, 1, "take a model out of service", options, unload},
      {"model pin", "MODEL", 1, 1, "keep a model in memory, whoever else needs it", options, pin},
      {"model unpin", "MODEL", 1, 1, "let an idle model go when memory is needed", options, unpin},
  };
}

}  // namespace aion::cli
