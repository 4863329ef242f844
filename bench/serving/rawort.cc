// The limit: the same session in one process with no network, which a server can only approach.
// Usage: bench_rawort MODEL SHAPE(1x64) f32|i32 THREADS INTRA_OP_THREADS SECONDS; prints one line
// of JSON.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include <unistd.h>

#include "serving/ort_model.h"

namespace aion::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<char> sample_input(const OrtModel& model) {
  std::vector<char> bytes(model.input_bytes());
  for (std::size_t i = 0; i < bytes.size() / 4; ++i) {
    const float real = static_cast<float>(i % 97) / 97.0F;
    const auto whole = static_cast<int32_t>(i % 256);
    std::memcpy(&bytes[i * 4], model.is_float() ? static_cast<const void*>(&real) : &whole, 4);
  }
  return bytes;
}

// One caller: runs until told to stop and keeps the microseconds of each run.
void run_until(const std::atomic<bool>& stop,
               const OrtModel& model,
               std::vector<float>& latencies) {
  const OrtMemoryInfo* memory = model.make_memory_info();
  std::vector<char> bytes = sample_input(model);
  while (!stop.load(std::memory_order_relaxed)) {
    const auto begin = Clock::now();
    OrtValue* input = model.make_input(memory, bytes.data());
    OrtValue* output = model.run(input);
    model.release(input);
    model.release(output);
    latencies.push_back(std::chrono::duration<float, std::micro>(Clock::now() - begin).count());
  }
}

void report(std::vector<float> all, double seconds, double load_milliseconds) {
  std::sort(all.begin(), all.end());
  const auto quantile = [&all](double share) {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(all.size()));
    return static_cast<double>(all[std::min(all.size() - 1, rank)]);
  };
  std::printf("{\"rps\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"n\":%zu,\"load_ms\":%.1f}\n",
              static_cast<double>(all.size()) / seconds,
              quantile(0.5),
              quantile(0.99),
              all.size(),
              load_milliseconds);
}

void measure(const OrtModel& model, std::size_t threads, double seconds) {
  std::atomic<bool> stop{false};
  std::vector<std::vector<float>> latencies(threads);
  std::vector<std::thread> callers;
  const auto begin = Clock::now();
  for (std::vector<float>& mine : latencies) {
    callers.emplace_back([&stop, &model, &mine] { run_until(stop, model, mine); });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& caller : callers) {
    caller.join();
  }
  const std::chrono::duration<double> took = Clock::now() - begin;
  std::vector<float> all;
  for (const std::vector<float>& mine : latencies) {
    all.insert(all.end(), mine.begin(), mine.end());
  }
  report(std::move(all), took.count(), model.load_milliseconds());
}

}  // namespace
}  // namespace aion::bench

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(
        stderr, "usage: %s MODEL SHAPE f32|i32 THREADS INTRA_OP_THREADS SECONDS\n", argv[0]);
    return 2;
  }
  using namespace aion::bench;
  const OrtModel model(parse_model_arguments(argv[1], argv[2], argv[3]), std::atoi(argv[5]));
  measure(model, static_cast<std::size_t>(std::atoi(argv[4])), std::atof(argv[6]));
  std::fflush(stdout);
  _exit(0);  // The session is still open on purpose: taking it down would only lengthen the run.
}
