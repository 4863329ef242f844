// Calls that wait.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/result.h"

namespace aion {

/// A coroutine that ends with a T. It starts when awaited, on the executor of the one who awaits
/// it.
template <class T>
using Awaitable = boost::asio::awaitable<T>;

/// A coroutine that ends with a T or an Error.
template <class T>
using Task = Awaitable<Result<T>>;

}  // namespace aion
