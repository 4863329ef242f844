#include "cli/device_commands.h"

#include <array>
#include <cstdio>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "cli/connection.h"
#include "cli/table.h"

namespace aion::cli {

namespace {

std::string number_text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", number);
  return text.data();
}

std::string bytes_text(const Json& amount) {
  return to_string(Bytes{amount.value("memory_bytes", std::uint64_t{0})});
}

/// "-" where nobody knows.
std::string usage_text(const Json& usage, const char* key, double factor, const char* unit) {
  return usage.contains(key) ? number_text(usage.at(key).get<double>() * factor) + unit : "-";
}

constexpr double kPerCent = 100;

/// "6.1 GiB of 7.8 GiB"
std::string of(const std::string& part, const std::string& whole) {
  return part + " of " + whole;
}

Result<std::string> list_text(const Json& answer) {
  std::vector<std::vector<std::string>> rows{
      {"DEVICE", "FREE CORES", "FREE MEMORY", "BUSY", "IN USE", "LEASES", "NAME"}};
  for (const Json& device : answer.at("devices")) {
    const Json& capacity = device.at("capacity");
    const Json& free = device.at("free");
    const Json& usage = device.at("usage");
    rows.push_back(
        {device.value("id", ""),
         of(number_text(free.value("cores", 0.0)), number_text(capacity.value("cores", 0.0))),
         of(bytes_text(free), bytes_text(capacity)),
         usage_text(usage, "busy", kPerCent, " %"),
         usage.contains("memory_bytes") ? bytes_text(usage) : "-",
         std::to_string(device.at("leases").size()),
         device.contains("trouble") ? device.value("trouble", "") : device.value("name", "")});
  }
  std::string text = columns(rows);
  for (const Json& trouble : answer.at("troubles")) {
    text += "could not look: " + trouble.get<std::string>() + "\n";
  }
  return text;
}

void add_usage(std::vector<std::vector<std::string>>& rows, const Json& device) {
  const Json& usage = device.at("usage");
  rows.push_back({"busy", usage_text(usage, "busy", kPerCent, " %")});
  rows.push_back({"memory in use", usage.contains("memory_bytes") ? bytes_text(usage) : "-"});
  if (usage.contains("watts")) {
    rows.push_back(
        {"power",
         of(usage_text(usage, "watts", 1, " W"), usage_text(usage, "watts_at_most", 1, " W"))});
  }
  if (usage.contains("celsius")) {
    rows.push_back({"temperature", usage_text(usage, "celsius", 1, " C")});
  }
  for (const Json& fault : device.at("faults")) {
    rows.push_back({"fault", fault.get<std::string>()});
  }
  if (device.contains("trouble")) {
    rows.push_back({"trouble", device.value("trouble", "")});
  }
}

void add_named(std::vector<std::vector<std::string>>& rows, const Json& device) {
  const Json& free = device.at("free").at("named");
  for (const auto& [name, amount] : device.at("capacity").at("named").items()) {
    rows.push_back({"free " + name,
                    of(number_text(free.value(name, 0.0)), number_text(amount.get<double>()))});
  }
}

std::string cpus_text(const Json& cpus) {
  std::string text;
  for (const Json& cpu : cpus) {
    text += (text.empty() ? "" : ",") + cpu.dump();
  }
  return text.empty() ? "-" : text;
}

Result<std::string> device_text(const Json& device) {
  const Json& capacity = device.at("capacity");
  const Json& free = device.at("free");
  std::vector<std::vector<std::string>> rows{{"device", device.value("id", "")},
                                             {"name", device.value("name", "")}};
  for (const char* key : {"uuid", "parent"}) {
    if (!device.value(key, "").empty()) {
      rows.push_back({key, device.value(key, "")});
    }
  }
  for (const auto& [name, value] : device.at("facts").items()) {
    rows.push_back({name, value.get<std::string>()});
  }
  rows.push_back(
      {"free cores",
       of(number_text(free.value("cores", 0.0)), number_text(capacity.value("cores", 0.0)))});
  rows.push_back({"free memory", of(bytes_text(free), bytes_text(capacity))});
  add_named(rows, device);
  add_usage(rows, device);
  std::vector<std::vector<std::string>> leases{{"HOLDER", "CORES", "MEMORY", "PINNED TO"}};
  for (const Json& lease : device.at("leases")) {
    const bool is_lent = lease.value("core_use", "") == "lent";
    leases.push_back({lease.value("holder", ""),
                      is_lent ? "lent" : number_text(lease.value("cores", 0.0)),
                      bytes_text(lease),
                      cpus_text(lease.at("cpus"))});
  }
  return columns(rows) + "\n" + columns(leases);
}

Exit print(const Arguments& arguments, const Json& json, Result<std::string> text) {
  if (arguments.has("json")) {
    std::printf("%s\n", to_text(json).c_str());
    return Exit::Done;
  }
  if (!text) {
    return failed(text.error());
  }
  std::fputs(text->c_str(), stdout);
  return Exit::Done;
}

Result<Json> devices(const Arguments& arguments, const FindPlace& find) {
  AION_TRY(const std::string url, daemon_url(arguments, find));
  Connection connection(url);
  AION_TRY(Json answer, connection.get("/api/aion/v1/devices"));
  return answer;
}

Exit list(const Arguments& arguments, const FindPlace& find) {
  const auto answer = devices(arguments, find);
  if (!answer) {
    return failed(answer.error());
  }
  return print(arguments, *answer, read_answer([&] { return list_text(*answer); }));
}

Result<Json> device_of(const Json& answer, const std::string& id) {
  std::string names;
  for (const Json& device : answer.at("devices")) {
    if (device.value("id", "") == id) {
      return device;
    }
    names += (names.empty() ? "" : ", ") + device.value("id", "");
  }
  return Error{Code::NotFound, "no device '" + id + "'; there are " + names};
}

Exit show(const Arguments& arguments, const FindPlace& find) {
  const auto answer = devices(arguments, find);
  if (!answer) {
    return failed(answer.error());
  }
  if (!answer->is_object() || !answer->contains("devices")) {
    return failed(bad_answer("no devices in it"));
  }
  const auto device = device_of(*answer, arguments.words[0]);
  if (!device) {
    return failed(device.error());
  }
  return print(arguments, *device, read_answer([&] { return device_text(*device); }));
}

}  // namespace

std::vector<Command> device_commands(const FindPlace& find) {
  std::vector<Option> options = connection_options();
  options.push_back({"json", "", "print JSON"});
  const auto ls = [find](const Arguments& arguments) {
    return list(arguments, find);
  };
  const auto tell = [find](const Arguments& arguments) {
    return show(arguments, find);
  };
  return {
      {"device ls", "", 0, 0, "list CPUs, GPUs and other devices, and what is free", options, ls},
      {"device show", "DEVICE", 1, 1, "show a device and who holds what of it", options, tell}};
}

}  // namespace aion::cli
