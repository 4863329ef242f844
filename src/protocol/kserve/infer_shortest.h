// Writes floats as the shortest decimal number that reads back as the same float.
#pragma once

namespace aion::kserve {

/// Room that write_shortest() needs: it may write behind the end that it returns.
inline constexpr int kShortestRoom = 32;

/// Writes a finite value, always with a point or an exponent ("1.0", "0.1", "3.4028235e+38"), and
/// returns the end. Of the shortest forms it is the one closest to the value.
///
/// source   R. Giulietti, "The Schubfach way to render doubles", 2020, for 32 bits
[[nodiscard]] char* write_shortest(float value, char* at);

}  // namespace aion::kserve
