// Secrets stay out of everything that is said.

#include "core/redactor.hpp"

#include "support/catch.hpp"

namespace berth::core::test {
namespace {

TEST_CASE("A secret is masked wherever it stands and however often") {
  const Redactor redact({"hunter22"});
  CHECK(redact("hunter22") == "[redacted]");
  CHECK(redact("a hunter22 b hunter22hunter22") == "a [redacted] b [redacted][redacted]");
  CHECK(redact("http://u:hunter22@host/") == "http://u:[redacted]@host/");
}

TEST_CASE("What is no secret is left alone") {
  const Redactor redact({"hunter22"});
  CHECK(redact("") == "");
  CHECK(redact("hunter2") == "hunter2");
  CHECK(redact("HUNTER22") == "HUNTER22");
  CHECK(Redactor()("hunter22") == "hunter22");
}

TEST_CASE("A secret inside another leaves no rest of the longer one") {
  const Redactor redact({"hunter22-and-more", "hunter22"});
  CHECK(redact("hunter22-and-more hunter22") == "[redacted] [redacted]");
}

TEST_CASE("A secret that is cut in two between pieces of a line is masked in both") {
  const Redactor redact({"sesame-open", "other"});
  const std::string secret = "sesame-open";
  for (std::size_t split = 1; split < secret.size(); ++split) {
    const std::string first = "before " + secret.substr(0, split);
    const std::string second = secret.substr(split) + " after";
    CHECK(redact.shown_piece(first, "", true) == (split < 3 ? first : "before [redacted]"));
    CHECK(redact.shown_piece(second, first, false) == "[redacted] after");
  }
  CHECK(redact.shown_piece("ends with ses", "", false) == "ends with ses");
  CHECK(redact.shown_piece("-open begins", "something else", false) == "-open begins");
  CHECK(redact.shown_piece("a sesame-open b", "", true) == "a [redacted] b");
  CHECK(redact.shown_piece("ame-open", "ses", true) == "[redacted]");
  CHECK(redact.shown_piece("", "ses", true).empty());
  CHECK(Redactor().shown_piece("ses", "ame", true) == "ses");
}

TEST_CASE("An empty secret is none") {
  CHECK(Redactor({""})("text") == "text");
}

TEST_CASE("A secret that is part of the mask ends all the same") {
  const Redactor redact({"[redacted]x", "redacted"});
  CHECK(redact("[redacted]x").find("]x") == std::string::npos);
}

TEST_CASE("A secret is hidden in the form that JSON gives it, too") {
  const Redactor redact({"abc\"def\\gh-77"});
  CHECK(redact("{\"token\":\"abc\\\"def\\\\gh-77\"}") == "{\"token\":\"[redacted]\"}");
  CHECK(redact("abc\"def\\gh-77") == "[redacted]");
}

TEST_CASE("Secrets of bytes that mean something elsewhere are taken literally") {
  const Redactor redact({"a.*b+c$", "p\\n\"{}"});
  CHECK(redact("xa.*b+c$y aXXb+c$") == "x[redacted]y aXXb+c$");
  CHECK(redact("p\\n\"{}") == "[redacted]");
}

}  // namespace
}  // namespace berth::core::test
