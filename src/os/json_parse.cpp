#include "os/json_parse.hpp"

#include <boost/json/array.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>

namespace berth::os {

namespace json = boost::json;

namespace {

// What json::parser does, except for doubles.
class Builder {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  using Error = json::error_code;
  using Text = json::string_view;

  Builder() { stack_.reset(); }
  json::value release() { return stack_.release(); }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return true; }
  bool on_object_end(std::size_t size, Error&) { return stack_.push_object(size), true; }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(std::size_t size, Error&) { return stack_.push_array(size), true; }
  bool on_key_part(Text part, std::size_t, Error&) { return stack_.push_chars(part), true; }
  bool on_key(Text key, std::size_t, Error&) { return stack_.push_key(key), true; }
  bool on_string_part(Text part, std::size_t, Error&) { return stack_.push_chars(part), true; }
  bool on_string(Text text, std::size_t, Error&) { return stack_.push_string(text), true; }
  bool on_number_part(Text, Error&) { return true; }  // never: the text comes as a whole
  bool on_int64(std::int64_t number, Text, Error&) { return stack_.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, Text, Error&) { return stack_.push_uint64(number), true; }
  bool on_double(double number, Text text, Error&) {
    double exact = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), exact);
    stack_.push_double(read.ec == std::errc{} ? exact : number);
    return true;
  }
  bool on_bool(bool value, Error&) { return stack_.push_bool(value), true; }
  bool on_null(Error&) { return stack_.push_null(), true; }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  json::value_stack stack_;
};

}  // namespace

json::value parse_json(std::string_view text, std::size_t max_depth, json::error_code& error) {
  json::parse_options options;
  options.max_depth = max_depth;
  json::basic_parser<Builder> parser(options);
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  return error ? json::value() : parser.handler().release();
}

}  // namespace berth::os
