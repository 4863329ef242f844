#include "cli/infer_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <utility>

#include "base/file.h"
#include "cli/connection.h"
#include "cli/infer_exchange.h"
#include "cli/input_file.h"
#include "cli/table.h"

namespace aion::cli {

namespace {

constexpr std::size_t kShownValues = 8;
constexpr std::size_t kTop = 5;
constexpr std::size_t kMaxRequest = 256U << 20U;

/// A file that holds a whole KServe request is sent as it is.
Result<std::optional<std::string>> whole_request(const Arguments& arguments) {
  const auto inputs = arguments.values("input");
  std::error_code unreadable;
  if (inputs.size() != 1 || !inputs[0].ends_with(".json") ||
      !std::filesystem::exists(inputs[0], unreadable)) {
    return std::optional<std::string>();
  }
  AION_TRY(std::string text, read_file(inputs[0], kMaxRequest));
  AION_TRY(const Json json, parse_json(text));
  const bool is_whole = json.is_object() && json.contains("inputs") && json["inputs"].is_array() &&
                        !json["inputs"].empty() && json["inputs"][0].is_object() &&
                        json["inputs"][0].contains("name");
  return is_whole ? std::optional(std::move(text)) : std::nullopt;
}

Result<std::vector<HostTensor>> ask(Connection& connection, const Arguments& arguments) {
  AION_TRY(const ModelShape model,
           fetch_model(connection, arguments.words[0], arguments.value("version").value_or("")));
  AION_TRY(const auto whole, whole_request(arguments));
  net::ClientRequest request;
  if (whole) {
    request = {"POST", model.path + "/infer", {{"Content-Type", "application/json"}}, *whole};
  } else {
    AION_TRY(const auto inputs, read_inputs(arguments, model));
    request = binary_request(model, inputs, arguments.values("output"));
  }
  AION_TRY(const auto response, connection.send(std::move(request)));
  return read_response(response);
}

std::string values_text(const HostTensor& tensor) {
  const Json values = json_values(tensor);
  std::string text;
  for (std::size_t i = 0; i < std::min(values.size(), kShownValues); ++i) {
    text +=
        (text.empty() ? "" : " ") + values[i].dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return text + (values.size() > kShownValues ? " ..." : "");
}

/// The highest scores of what looks like one row of a classifier.
std::string top_text(const HostTensor& tensor) {
  const bool is_row =
      tensor.shape.size() == 1 || (tensor.shape.size() == 2 && tensor.shape[0] == 1);
  const bool is_real =
      tensor.dtype == tensor::DataType::Fp32 || tensor.dtype == tensor::DataType::Fp64 ||
      tensor.dtype == tensor::DataType::Fp16 || tensor.dtype == tensor::DataType::Bf16;
  const std::size_t count = is_row && is_real ? static_cast<std::size_t>(tensor.shape.back()) : 0;
  if (count <= kTop) {
    return "";
  }
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::partial_sort(
      order.begin(), order.begin() + kTop, order.end(), [&](std::size_t a, std::size_t b) {
        return number_at(tensor, a) > number_at(tensor, b);
      });
  std::string text = tensor.name + ", highest:";
  for (std::size_t i = 0; i < kTop; ++i) {
    std::array<char, 48> item{};
    std::snprintf(item.data(), item.size(), "  [%zu] %.6g", order[i], number_at(tensor, order[i]));
    text += item.data();
  }
  return text + "\n";
}

void print_table(const std::vector<HostTensor>& outputs) {
  std::vector<std::vector<std::string>> rows{{"OUTPUT", "TYPE", "SHAPE", "VALUES"}};
  std::string tops;
  for (const HostTensor& output : outputs) {
    rows.push_back({output.name,
                    std::string(to_string(output.dtype)),
                    tensor::to_string(output.shape),
                    values_text(output)});
    tops += top_text(output);
  }
  std::printf("%s%s", columns(rows).c_str(), tops.c_str());
}

void print_json(const std::vector<HostTensor>& outputs) {
  Json list = Json::array();
  for (const HostTensor& output : outputs) {
    list.push_back({{"name", output.name},
                    {"datatype", to_string(output.dtype)},
                    {"shape", output.shape},
                    {"data", json_values(output)}});
  }
  std::printf("%s\n", to_text(Json{{"outputs", std::move(list)}}).c_str());
}

Result<void> save(const std::vector<HostTensor>& outputs, const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  for (const HostTensor& output : outputs) {
    std::string name = output.name;
    std::replace(
        name.begin(), name.end(), '/', '_');  // a name from the network stays in its folder
    const auto file = folder / ((name == "." || name == ".." ? "_" : name) + ".npy");
    AION_TRY_VOID(write_npy(output, file));
    std::fprintf(stderr, "wrote %s\n", file.c_str());
  }
  return {};
}

Exit infer(const Arguments& arguments, const FindPlace& find) {
  const auto url = daemon_url(arguments, find);
  if (!url) {
    return failed(url.error());
  }
  Connection connection(*url);
  const auto outputs = ask(connection, arguments);
  if (!outputs) {
    return failed(outputs.error());
  }
  if (arguments.has("json")) {
    print_json(*outputs);
  } else {
    print_table(*outputs);
  }
  if (const auto folder = arguments.value("save")) {
    if (const auto saved = save(*outputs, *folder); !saved) {
      return failed(saved.error());
    }
  }
  return Exit::Done;
}

}  // namespace

Command infer_command(FindPlace find) {
  std::vector<Option> options = input_options();
  for (Option& option : connection_options()) {
    options.push_back(std::move(option));
  }
  options.push_back({"output", "NAME", "ask for this output only; repeatable", true});
  options.push_back({"version", "N", "ask this version of the model"});
  options.push_back({"save", "DIR", "also write the outputs as .npy files"});
  options.push_back({"json", "", "print JSON"});
  const auto run = [find = std::move(find)](const Arguments& arguments) {
    return infer(arguments, find);
  };
  return {
      "infer", "MODEL", 1, 1, "ask a model once, with inputs from files", std::move(options), run};
}

}  // namespace aion::cli
