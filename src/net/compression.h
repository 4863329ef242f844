// The two compressions that HTTP and gRPC share: what a header calls gzip and deflate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aion::net {

/// Deflate is a zlib stream (RFC 9110, 8.4.1.2).
enum class Compression : std::uint8_t { Identity, Deflate, Gzip };

/// The name in a header, in lower case.
[[nodiscard]] std::string_view to_string(Compression compression);
/// The compression of that name; Identity for an empty one, nothing for one that we do not know.
[[nodiscard]] std::optional<Compression> parse_compression(std::string_view name);

/// The best that `accept_encoding` takes: by its weights, of equal ones the first (RFC 9110,
/// 12.5.3). Identity when it names none that we know.
[[nodiscard]] Compression best_accepted(std::string_view accept_encoding);

/// ResourceExhausted when there are more than `max_bytes` inside; InvalidArgument for what is not
/// just one whole stream of that compression. Takes a while: not for an io thread when `max_bytes`
/// is large. Not for Identity.
[[nodiscard]] Result<std::string> unpack(std::string_view packed,
                                         Compression compression,
                                         std::size_t max_bytes);

/// One stream of all pieces. Not for Identity.
[[nodiscard]] std::string pack(std::span<const std::string_view> pieces, Compression compression);

}  // namespace aion::net
