#pragma once
// What may be missing, as JSON: `null` then.

#include <boost/json/value.hpp>
#include <optional>
#include <string>

namespace berth::app {

template <class T>
boost::json::value maybe(const std::optional<T>& value) {
  if (!value) return nullptr;
  return boost::json::value(*value);
}

inline boost::json::value text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return boost::json::value(text);
}

}  // namespace berth::app
