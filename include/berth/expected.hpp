#pragma once
// `berth::Expected<T, E>` is std::expected where the standard library has it (C++23) and tl::expected,
// which has the same interface, elsewhere. Errors that a caller can act on are values of this type.

#include <version>

#if defined(__cpp_lib_expected)
#include <expected>
namespace berth {
template <class T, class E>
using Expected = std::expected<T, E>;
template <class E>
using Unexpected = std::unexpected<E>;
}  // namespace berth
#else
#include <tl/expected.hpp>
namespace berth {
template <class T, class E>
using Expected = tl::expected<T, E>;
template <class E>
using Unexpected = tl::unexpected<E>;
}  // namespace berth
#endif
