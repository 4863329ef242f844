#include "net/compression.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <new>

#include <zlib.h>

#include "base/assert.h"
#include "net/http/ascii.h"

namespace aion::net {

namespace {

constexpr std::size_t kStep = 64U << 10U;
// What zlib adds to the window's size to mean gzip.
constexpr int kGzipOnly = 16;

int window_of(Compression compression) {
  AION_ASSERT(compression != Compression::Identity);
  return MAX_WBITS + (compression == Compression::Gzip ? kGzipOnly : 0);
}

/// A zlib stream that ends with its scope.
struct Inflater {
  explicit Inflater(Compression compression)
      : is_ready(::inflateInit2(&stream, window_of(compression)) == Z_OK) {}
  ~Inflater() {
    if (is_ready) {
      ::inflateEnd(&stream);
    }
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream{};
  bool is_ready;
};

struct Deflater {
  explicit Deflater(Compression compression) {
    constexpr int kUsualMemory = 8;
    if (::deflateInit2(&stream,
                       Z_DEFAULT_COMPRESSION,
                       Z_DEFLATED,
                       window_of(compression),
                       kUsualMemory,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Deflater() { ::deflateEnd(&stream); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  z_stream stream{};
};

/// Gives the stream its input in pieces that its counters can hold.
void feed(z_stream& stream, std::string_view& rest) {
  const std::size_t size = std::min<std::size_t>(rest.size(), std::numeric_limits<uInt>::max() / 2);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
  stream.avail_in = static_cast<uInt>(size);
  rest.remove_prefix(size);
}

/// Where it puts what comes out next.
void offer(z_stream& stream, std::span<char> step) {
  stream.next_out = reinterpret_cast<Bytef*>(step.data());
  stream.avail_out = static_cast<uInt>(step.size());
}

/// What it has put there.
std::string_view taken(const z_stream& stream, std::span<const char> step) {
  return {step.data(), step.size() - stream.avail_out};
}

/// Cuts the text up to `separator` off its front.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view front = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(front);
}

/// The weight in "q=0.5" behind a name; 1 when there is none, 0 for what is no weight.
double weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = take_until(parameters, ';');
    if (parameter.starts_with("q=") || parameter.starts_with("Q=")) {
      double weight = 0;
      const std::string_view digits = parameter.substr(2);
      std::from_chars(digits.data(), digits.data() + digits.size(), weight);
      return weight;
    }
  }
  return 1;
}

}  // namespace

std::string_view to_string(Compression compression) {
  switch (compression) {
    case Compression::Deflate:
      return "deflate";
    case Compression::Gzip:
      return "gzip";
    case Compression::Identity:
      break;
  }
  return "identity";
}

std::optional<Compression> parse_compression(std::string_view name) {
  if (name.empty()) {
    return Compression::Identity;
  }
  for (const Compression known : {Compression::Identity, Compression::Deflate, Compression::Gzip}) {
    if (name == to_string(known)) {
      return known;
    }
  }
  return std::nullopt;
}

Compression best_accepted(std::string_view accept_encoding) {
  Compression best = Compression::Identity;
  double best_weight = 0;
  while (!accept_encoding.empty()) {
    std::string_view parameters = take_until(accept_encoding, ',');
    std::string name(take_until(parameters, ';'));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
      return static_cast<char>(std::tolower(c));
    });
    const auto known = name.empty() ? std::nullopt : parse_compression(name);
    const double weight = weight_of(parameters);
    if (known && weight > best_weight) {
      best = *known;
      best_weight = weight;
    }
  }
  return best;
}

Result<std::string> unpack(std::string_view packed,
                           Compression compression,
                           std::size_t max_bytes) {
  const std::size_t packed_size = packed.size();
  Inflater inflater(compression);
  if (!inflater.is_ready) {
    return Error{Code::Internal, "there is no memory to unpack with"};
  }
  z_stream& stream = inflater.stream;
  std::array<char, kStep> step;
  std::string out;
  int state = Z_OK;
  while (state == Z_OK) {
    if (stream.avail_in == 0) {
      feed(stream, packed);
    }
    offer(stream, step);
    state = ::inflate(&stream, Z_NO_FLUSH);
    const std::string_view more = taken(stream, step);
    if (more.size() > max_bytes - out.size()) {
      return Error{Code::ResourceExhausted,
                   "expected at most " + std::to_string(max_bytes) + " bytes when unpacked"};
    }
    out += more;
    if (state == Z_OK && stream.avail_in == 0 && packed.empty() && stream.avail_out > 0) {
      state = Z_BUF_ERROR;  // it stops before its end
    }
  }
  if (state != Z_STREAM_END || stream.avail_in != 0 || !packed.empty()) {
    return Error{Code::InvalidArgument,
                 "expected " + std::string(to_string(compression)) + ", got " +
                     std::to_string(packed_size) + " bytes that are not just that"};
  }
  return out;
}

std::string pack(std::span<const std::string_view> pieces, Compression compression) {
  Deflater deflater(compression);
  z_stream& stream = deflater.stream;
  std::array<char, kStep> step;
  std::string out;
  const auto run = [&](int flush) {
    int state = Z_OK;
    do {
      offer(stream, step);
      state = ::deflate(&stream, flush);
      out += taken(stream, step);
    } while (flush == Z_FINISH ? state != Z_STREAM_END : stream.avail_out == 0);
  };
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      feed(stream, piece);
      run(Z_NO_FLUSH);
    }
  }
  run(Z_FINISH);
  return out;
}

}  // namespace aion::net
