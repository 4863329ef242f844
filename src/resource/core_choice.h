// Which hardware threads a claim gets for itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "resource/probe/device.h"

namespace aion::resource {

/// `count` of the free CPUs, so close together as can be had: of one NUMA node, the one with the
/// least room that suffices; whole cores before single threads of one, and threads of cores that
/// others use already before those of idle cores. Empty when fewer are free.
///
/// is_taken   by position in `cpus`
[[nodiscard]] std::vector<std::uint32_t> choose_cpus(std::span<const Cpu> cpus,
                                                     const std::vector<bool>& is_taken,
                                                     std::size_t count);

}  // namespace aion::resource
