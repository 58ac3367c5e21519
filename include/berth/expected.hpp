#pragma once
// `berth::Expected<T, E>`: errors that a caller can act on are values of this type. It is tl::expected also where the
// standard library has std::expected (C++23): what a compiled library hands out must not depend on the language
// standard of the program that uses it.

#include <tl/expected.hpp>

namespace berth {
template <class T, class E>
using Expected = tl::expected<T, E>;
template <class E>
using Unexpected = tl::unexpected<E>;
}  // namespace berth
