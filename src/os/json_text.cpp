#include "os/json_text.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>

#include "core/utf8.hpp"

namespace berth::os {

namespace {

std::string number_text(double value) {
  if (!std::isfinite(value)) return "null";  // JSON knows no other word for it
  std::array<char, 400> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return error == std::errc{} ? std::string(text.data(), end) : "null";
}

}  // namespace

std::string json_text(const boost::json::value& value) {
  std::string out;
  if (value.is_string()) return boost::json::serialize(core::valid_utf8(value.as_string()));
  if (value.is_double()) return number_text(value.as_double());
  if (value.is_array()) {
    for (const auto& item : value.as_array()) out += (out.empty() ? "" : ",") + json_text(item);
    return "[" + out + "]";
  }
  if (value.is_object()) {
    for (const auto& [key, item] : value.as_object()) {
      out += (out.empty() ? "" : ",") + boost::json::serialize(core::valid_utf8(key)) + ":" + json_text(item);
    }
    return "{" + out + "}";
  }
  return boost::json::serialize(value);
}

}  // namespace berth::os
