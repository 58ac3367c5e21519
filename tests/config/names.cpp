#include "config/names.hpp"

#include <array>

#include "config/pattern_check.hpp"
#include "config/secrets.hpp"
#include "support/catch.hpp"

namespace berth::config::test {

TEST_CASE("names of servers have an alphabet and a length") {
  for (const char* name : {"a", "A.b_c-d", "9lives", "x."}) CHECK(is_valid_name(name));
  for (const char* name : {"", "-a", ".a", "_a", "a b", "a/b", "ä", "a\n"}) CHECK_FALSE(is_valid_name(name));
  CHECK(is_valid_name(std::string(63, 'a')));
  CHECK_FALSE(is_valid_name(std::string(64, 'a')));
}

TEST_CASE("a slip of the finger is one edit away") {
  CHECK(edit_distance("restrat", "restart") == 1);
  CHECK(edit_distance("Args", "args") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("the nearest name is offered only when it is near") {
  static constexpr std::array<std::string_view, 4> keys{"restart", "ready", "env", "cwd"};
  CHECK(nearest("restrat", keys) == "restart");
  CHECK(nearest("evn", keys) == "env");
  CHECK(nearest("redy", keys) == "ready");
  CHECK(nearest("foo", keys).empty());
  CHECK(nearest("colour", keys).empty());
  CHECK(nearest("", keys).empty());
  CHECK(nearest(std::string(100'000, 'x'), keys).empty());
}

TEST_CASE("what is quoted in a message stays on one line and short") {
  CHECK(shown("abc") == "`abc`");
  CHECK(shown("a\nb\x7F") == "`a?b?`");
  CHECK(shown("") == "\"\"");
  CHECK(shown(std::string(200, 'x')) == "`" + std::string(80, 'x') + "…`");
  CHECK(shown(std::string(79, 'x') + "ä" + "y") == "`" + std::string(79, 'x') + "…`");
}

TEST_CASE("names that look secret") {
  for (const char* name : {"OPENAI_API_KEY", "APIKEY",     "openaiApiKey",  "GITHUB_TOKEN", "TOKENS",
                           "DB_PASSWORD",    "PGPASSWORD", "DB_PASS",       "DB_PWD",       "MY_SECRET",
                           "client-secret",  "AUTH",       "BASIC_AUTH",    "OAUTH_CLIENT", "GOOGLE_CREDENTIALS",
                           "PRIVATE_KEY",    "BEARER",     "SESSION_ID",    "COOKIE",       "OPENAIKEY",
                           "KEY1",           "GITHUB_PAT", "Authorization", "passwd"}) {
    INFO(name);
    CHECK(looks_secret(name));
  }
  for (const char* name : {"KEYBOARD", "MONKEY", "AUTHOR", "PATH", "PWD", "OLDPWD", "HOME", "LOG_LEVEL", "PORT",
                           "COMPASS", "KEYCLOAK_URL", "", "PATTERN"}) {
    INFO(name);
    CHECK_FALSE(looks_secret(name));
  }
}

TEST_CASE("secret values come longest first, each once, none so short that it is a word") {
  SecretValues values;
  for (const char* value : {"abcdef", "short", "abcdefgh", "abcdef", ""}) values.add(value);
  CHECK(values.take() == std::vector<std::string>{"abcdefgh", "abcdef"});
  values.add("-----BEGIN\n  secret line\r\nx\n");
  CHECK(values.take() == std::vector<std::string>{"-----BEGIN\n  secret line\r\nx\n", "secret line", "-----BEGIN"});
}

TEST_CASE("patterns are compiled to see whether they are patterns") {
  CHECK_FALSE(pattern_error("address (already )?in use"));
  CHECK_FALSE(pattern_error(""));
  CHECK(pattern_error("("));
  CHECK(pattern_error("*"));
  CHECK(pattern_error(std::string(100'000, '(')));
}

}  // namespace berth::config::test
