// The tables of jobs.
#pragma once

#include <span>

#include "store/store.h"

namespace aion::jobs {

[[nodiscard]] std::span<const store::Migration> migrations();

}  // namespace aion::jobs
