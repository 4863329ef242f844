#include "cli/input_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "cli/image_file.h"

namespace aion::cli {

namespace {

constexpr std::size_t kMaxJson = 256U << 20U;

Result<std::vector<double>> numbers_of(const std::string& flag, const std::string& text) {
  std::vector<double> numbers;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at < end) {
    double number = 0;
    const auto parsed = std::from_chars(at, end, number);
    const bool is_cut = parsed.ptr != end && *parsed.ptr != ',';
    if (parsed.ec != std::errc{} || is_cut || !std::isfinite(number)) {
      return Error{Code::InvalidArgument,
                   "--" + flag + ": expected numbers separated by commas, got '" + text + "'"};
    }
    numbers.push_back(number);
    at = parsed.ptr + 1;
  }
  return numbers;
}

/// One number for all channels, or one for each.
Result<void> read_channels(const Arguments& arguments,
                           const std::string& flag,
                           std::array<double, 3>& channels) {
  const auto text = arguments.value(flag);
  if (!text) {
    return {};
  }
  AION_TRY(const auto numbers, numbers_of(flag, *text));
  if (numbers.size() != 1 && numbers.size() != 3) {
    return Error{Code::InvalidArgument,
                 "--" + flag + ": expected 1 or 3 numbers, got '" + *text + "'"};
  }
  for (std::size_t i = 0; i < channels.size(); ++i) {
    channels[i] = numbers[numbers.size() == 1 ? 0 : i];
  }
  return {};
}

Result<Normalisation> normalisation_of(const Arguments& arguments) {
  Normalisation normalisation;
  if (const auto text = arguments.value("scale")) {
    AION_TRY(const auto numbers, numbers_of("scale", *text));
    if (numbers.size() != 1) {
      return Error{Code::InvalidArgument, "--scale: expected one number, got '" + *text + "'"};
    }
    normalisation.scale = numbers[0];
  }
  AION_TRY_VOID(read_channels(arguments, "mean", normalisation.mean));
  AION_TRY_VOID(read_channels(arguments, "std", normalisation.deviation));
  for (const double deviation : normalisation.deviation) {
    if (deviation == 0) {
      return Error{Code::InvalidArgument, "--std: expected numbers other than 0"};
    }
  }
  return normalisation;
}

Result<const HostTensor*> declared_input(const ModelShape& model, const std::string& name) {
  if (name.empty() && model.inputs.size() == 1) {
    return &model.inputs[0];
  }
  std::string known;
  for (const HostTensor& input : model.inputs) {
    if (input.name == name) {
      return &input;
    }
    known += (known.empty() ? "'" : ", '") + input.name + "'";
  }
  return Error{Code::InvalidArgument,
               name.empty() ? "--input: the model has several inputs (" + known +
                                  "); say which: --input NAME=FILE"
                            : "--input: the model has no input '" + name + "'; it has " + known};
}

Result<std::vector<HostTensor>> read_json(const std::filesystem::path& file,
                                          const ModelShape& model,
                                          const std::string& name) {
  AION_TRY(const std::string text, read_file(file, kMaxJson));
  AION_TRY(const Json json, parse_json(text));
  std::vector<HostTensor> tensors;
  if (!json.is_object()) {
    AION_TRY(const HostTensor* const declared, declared_input(model, name));
    AION_TRY(auto tensor, tensor_from_json(json, *declared));
    tensors.push_back(std::move(tensor));
    return tensors;
  }
  for (const auto& [key, nested] : json.items()) {
    AION_TRY(const HostTensor* const declared, declared_input(model, key));
    AION_TRY(auto tensor, tensor_from_json(nested, *declared));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<std::vector<HostTensor>> read_one(const std::string& given,
                                         const ModelShape& model,
                                         const Normalisation& normalisation) {
  const std::size_t equals = given.find('=');
  std::error_code unreadable;
  const bool is_named = equals != std::string::npos && !std::filesystem::exists(given, unreadable);
  const std::string name = is_named ? given.substr(0, equals) : "";
  const std::filesystem::path file = is_named ? given.substr(equals + 1) : given;
  std::string kind = file.extension().string();
  std::transform(kind.begin(), kind.end(), kind.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  if (kind == ".json") {
    return read_json(file, model, name);
  }
  AION_TRY(const HostTensor* const declared, declared_input(model, name));
  if (kind == ".npy") {
    AION_TRY(HostTensor tensor, read_npy(file));
    tensor.name = declared->name;
    return std::vector<HostTensor>{std::move(tensor)};
  }
  if (kind == ".png" || kind == ".jpg" || kind == ".jpeg") {
    AION_TRY(const Image image, read_image(file));
    std::string done;
    AION_TRY(HostTensor tensor, image_tensor(image, *declared, normalisation, done));
    std::fprintf(stderr, "%s: %s\n", declared->name.c_str(), done.c_str());
    return std::vector<HostTensor>{std::move(tensor)};
  }
  return Error{Code::InvalidArgument,
               "--input: expected a .json, .npy, .png or .jpg file, got '" + file.string() + "'"};
}

}  // namespace

std::vector<Option> input_options() {
  return {{"input", "[NAME=]FILE", "input: .json, .npy, .png or .jpg; repeatable", true},
          {"scale", "X", "pictures: multiply bytes by this (default 1/255)"},
          {"mean", "X[,X,X]", "pictures: then subtract this, per channel (default 0)"},
          {"std", "X[,X,X]", "pictures: then divide by this, per channel (default 1)"}};
}

Result<std::vector<HostTensor>> read_inputs(const Arguments& arguments, const ModelShape& model) {
  AION_TRY(const Normalisation normalisation, normalisation_of(arguments));
  std::vector<HostTensor> tensors;
  for (const std::string& given : arguments.values("input")) {
    AION_TRY(auto read, read_one(given, model, normalisation));
    std::move(read.begin(), read.end(), std::back_inserter(tensors));
  }
  return tensors;
}

}  // namespace aion::cli
