#include "serving/classification.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aion::serving {

namespace {

using tensor::DataType;
using tensor::Tensor;

constexpr std::size_t kMostElements = 1'000'000;

/// Appends the best of one row to `texts`.
template <class T>
void rank_row(std::span<const std::byte> bytes,
              std::size_t count,
              std::span<const std::string> labels,
              std::vector<std::string>& texts) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto is_before = [&values](std::size_t a, std::size_t b) {
    // NaN, which compares with nothing, is the last.
    const bool a_counts = values[a] == values[a];
    const bool b_counts = values[b] == values[b];
    if (a_counts != b_counts) {
      return a_counts;
    }
    return a_counts && values[a] != values[b] ? values[a] > values[b] : a < b;
  };
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(order.begin(), end, order.end(), is_before);
  for (auto at = order.begin(); at != end; ++at) {
    std::string text = std::to_string(values[*at]) + ":" + std::to_string(*at);
    if (*at < labels.size()) {
      text.append(":").append(labels[*at]);
    }
    texts.push_back(std::move(text));
  }
}

using RankRow = void (*)(std::span<const std::byte>,
                         std::size_t,
                         std::span<const std::string>,
                         std::vector<std::string>&);

/// Null for a type that cannot be ranked.
RankRow rank_row_of(DataType dtype) {
  switch (dtype) {
    case DataType::Uint8:
      return rank_row<std::uint8_t>;
    case DataType::Uint16:
      return rank_row<std::uint16_t>;
    case DataType::Uint32:
      return rank_row<std::uint32_t>;
    case DataType::Uint64:
      return rank_row<std::uint64_t>;
    case DataType::Int8:
      return rank_row<std::int8_t>;
    case DataType::Int16:
      return rank_row<std::int16_t>;
    case DataType::Int32:
      return rank_row<std::int32_t>;
    case DataType::Int64:
      return rank_row<std::int64_t>;
    case DataType::Fp32:
      return rank_row<float>;
    case DataType::Fp64:
      return rank_row<double>;
    default:
      return nullptr;
  }
}

}  // namespace

bool can_be_ranked(DataType dtype) {
  return rank_row_of(dtype) != nullptr;
}

Result<Tensor> best_classes(const Tensor& output,
                            std::uint64_t count,
                            bool has_rows,
                            std::span<const std::string> labels) {
  const RankRow rank = rank_row_of(output.dtype);
  if (rank == nullptr) {
    return Error{Code::InvalidArgument,
                 "class result not available for output due to unsupported type '" +
                     std::string(to_string(output.dtype)) + "'"};
  }
  if (output.count() > kMostElements) {
    return Error{Code::InvalidArgument, "classification output tensor too large"};
  }
  const bool is_in_rows = has_rows && !output.shape.empty();
  const auto rows = is_in_rows ? static_cast<std::size_t>(output.shape.front()) : 1;
  const std::size_t classes = rows == 0 ? 0 : output.count() / rows;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(count, classes));
  std::vector<std::string> texts;
  texts.reserve(rows * wanted);
  const std::size_t row_bytes = classes * tensor::element_size(output.dtype);
  for (std::size_t row = 0; row < rows; ++row) {
    rank(output.data.span().subspan(row * row_bytes, row_bytes), wanted, labels, texts);
  }
  tensor::Shape shape;
  if (is_in_rows) {
    shape.push_back(static_cast<std::int64_t>(rows));
  }
  shape.push_back(static_cast<std::int64_t>(wanted));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  return tensor::bytes_from_values(views, std::move(shape));
}

}  // namespace aion::serving
