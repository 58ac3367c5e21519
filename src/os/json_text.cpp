#include "os/json_text.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/utf8.hpp"

namespace berth::os {

namespace {

namespace json = boost::json;

void append_text(std::string& out, std::string_view text) {
  const bool stands_for_itself = core::is_plain(text) && text.find('"') == text.npos && text.find('\\') == text.npos;
  if (!stands_for_itself) {
    out += json::serialize(core::valid_utf8(text));
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

void append_number(std::string& out, double value) {
  std::array<char, 400> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const bool number = std::isfinite(value) && error == std::errc{};
  out += number ? std::string_view(text.data(), end) : "null";  // JSON knows no other word for it
}

void append(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::string: append_text(out, value.get_string()); break;
    case json::kind::double_: append_number(out, value.get_double()); break;
    case json::kind::array: {
      char before = '[';
      for (const json::value& item : value.get_array()) {
        out += std::exchange(before, ',');
        append(out, item);
      }
      out += before == '[' ? "[]" : "]";
      break;
    }
    case json::kind::object: {
      char before = '{';
      for (const auto& [key, item] : value.get_object()) {
        out += std::exchange(before, ',');
        append_text(out, key);
        out += ':';
        append(out, item);
      }
      out += before == '{' ? "{}" : "}";
      break;
    }
    default: out += json::serialize(value);
  }
}

}  // namespace

std::string json_text(const json::value& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace berth::os
