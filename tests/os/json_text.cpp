#include "os/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>

#include "support/catch.hpp"

namespace berth::os {

namespace json = boost::json;

TEST_CASE("JSON text of everything that a value can be") {
  CHECK(json_text(nullptr) == "null");
  CHECK(json_text(true) == "true");
  CHECK(json_text(-5) == "-5");
  CHECK(json_text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(json_text(json::array{}) == "[]");
  CHECK(json_text(json::object{}) == "{}");
  CHECK(json_text(json::object{{"a", json::array{1, "b", json::object{}}}, {"c", nullptr}}) ==
        R"({"a":[1,"b",{}],"c":null})");
}

TEST_CASE("Numbers in JSON text have no exponent, and what is no number is null") {
  CHECK(json_text(0.25) == "0.25");
  CHECK(json_text(1e21) == "1000000000000000000000");
  CHECK(json_text(std::numeric_limits<double>::infinity()) == "null");
  CHECK(json_text(std::numeric_limits<double>::quiet_NaN()) == "null");
}

TEST_CASE("Texts and keys in JSON text are escaped where they must be, and valid UTF-8") {
  CHECK(json_text("plain ~") == R"("plain ~")");
  CHECK(json_text("\"") == R"("\"")");
  CHECK(json_text("a\\b") == R"("a\\b")");
  CHECK(json_text("a\nb\x7f") == "\"a\\nb\x7f\"");
  CHECK(json_text("é") == "\"é\"");
  CHECK(json_text("\xff!") == "\"\xEF\xBF\xBD!\"");
  CHECK(json_text(json::object{{"a\"b", "\x01"}}) == R"({"a\"b":"\u0001"})");
}

}  // namespace berth::os
