#include "base/metrics.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "base/assert.h"

namespace aion {

namespace {

constexpr std::uint64_t kFirstBoundNs = 8'000;

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      out += '\\';
    }
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    out += c;
  }
  return out;
}

std::string labels_text(const Labels& labels, std::string_view extra = {}) {
  std::string out;
  for (const auto& [name, value] : labels) {
    out.append(out.empty() ? "" : ",")
        .append(name)
        .append("=\"")
        .append(escaped(value))
        .append("\"");
  }
  if (!extra.empty()) {
    out.append(out.empty() ? "" : ",").append(extra);
  }
  return out.empty() ? out : "{" + out + "}";
}

std::string number_text(double value) {
  std::array<char, 40> text{};
  char* const end = text.data() + text.size();
  const bool is_whole = std::abs(value) < 0x1p53 && value == std::floor(value);
  const auto written = is_whole ? std::to_chars(text.data(), end, static_cast<std::int64_t>(value))
                                : std::to_chars(text.data(), end, value);
  return {text.data(), written.ptr};
}

void append_histogram(const std::string& name, const HistogramSample& sample, std::string& out) {
  const std::string labels = labels_text(sample.labels);
  const auto counts = sample.histogram->counts();
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    const bool is_last = i + 1 == counts.size();
    const std::string bound =
        is_last ? "+Inf" : number_text(DurationHistogram::upper_bound_seconds(i));
    out += name + "_bucket" + labels_text(sample.labels, "le=\"" + bound + "\"") + " " +
           std::to_string(below) + "\n";
  }
  const double sum = static_cast<double>(sample.histogram->total_ns()) * 1e-9;
  out += name + "_sum" + labels + " " + number_text(sum) + "\n";
  out += name + "_count" + labels + " " + std::to_string(below) + "\n";
}

}  // namespace

void DurationHistogram::observe(std::uint64_t ns) {
  const std::uint64_t steps = ns == 0 ? 0 : (ns - 1) / kFirstBoundNs;
  const auto index =
      std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(steps)), kBuckets);
  buckets_[index].fetch_add(1, std::memory_order_relaxed);
  total_ns_.fetch_add(ns, std::memory_order_relaxed);
}

double DurationHistogram::upper_bound_seconds(std::size_t index) {
  // Divided, since 1e-9 is no double: multiplying by it would make a bound "8.000000000000001e-06".
  return std::ldexp(static_cast<double>(kFirstBoundNs), static_cast<int>(index)) / 1e9;
}

std::array<std::uint64_t, DurationHistogram::kBuckets + 1> DurationHistogram::counts() const {
  std::array<std::uint64_t, kBuckets + 1> counts{};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i] = buckets_[i].load(std::memory_order_relaxed);
  }
  return counts;
}

Counter& Metrics::counter(std::string_view name, std::string_view help) {
  auto made = std::make_shared<Counter>();
  family(std::string(name), std::string(help), MetricType::Counter, [made] {
    return std::vector<Sample>{{{}, static_cast<double>(made->value())}};
  });
  const std::scoped_lock lock(mutex_);
  return *counters_.emplace_back(std::move(made));
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help) {
  auto made = std::make_shared<Gauge>();
  family(std::string(name), std::string(help), MetricType::Gauge, [made] {
    return std::vector<Sample>{{{}, static_cast<double>(made->value())}};
  });
  const std::scoped_lock lock(mutex_);
  return *gauges_.emplace_back(std::move(made));
}

void Metrics::family(std::string name,
                     std::string help,
                     MetricType type,
                     std::function<std::vector<Sample>()> read) {
  const std::scoped_lock lock(mutex_);
  Family made{
      std::move(help), type == MetricType::Counter ? "counter" : "gauge", std::move(read), nullptr};
  const bool is_new = families_.emplace(std::move(name), std::move(made)).second;
  AION_ASSERT(is_new);
}

void Metrics::histograms(std::string name,
                         std::string help,
                         std::function<std::vector<HistogramSample>()> read) {
  const std::scoped_lock lock(mutex_);
  const bool is_new =
      families_
          .emplace(std::move(name), Family{std::move(help), "histogram", nullptr, std::move(read)})
          .second;
  AION_ASSERT(is_new);
}

std::string Metrics::text() const {
  const std::scoped_lock lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    out += "# HELP " + name + " " + family.help + "\n# TYPE " + name + " " + family.type + "\n";
    if (family.read) {
      for (const Sample& sample : family.read()) {
        out += name + labels_text(sample.labels) + " " + number_text(sample.value) + "\n";
      }
    }
    if (family.read_histograms) {
      for (const HistogramSample& sample : family.read_histograms()) {
        append_histogram(name, sample, out);
      }
    }
  }
  return out;
}

}  // namespace aion
