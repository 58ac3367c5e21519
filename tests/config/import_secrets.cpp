#include "config/import/secret_finder.hpp"
#include "support/catch.hpp"

namespace berth::config {
namespace {

using Texts = std::vector<std::string>;

Texts hidden(const Texts& args) {
  SecretFinder finder;
  std::vector<Word> words;
  for (const std::string& arg : args) words.push_back(literal_word(arg));
  finder.in_arguments(words, "web-search");
  Texts out;
  for (const Word& word : words) out.push_back(in_berth_words(word, true));
  return out;
}

std::string hidden_value(const std::string& name, const std::string& value) {
  SecretFinder finder;
  return in_berth_words(finder.in_value(literal_word(value), name, "web"), true);
}

}  // namespace

TEST_CASE("secrets in arguments become variables") {
  CHECK(hidden({"--api-key", "abcdef123"}) == Texts{"--api-key", "${WEB_SEARCH_API_KEY}"});
  CHECK(hidden({"--api-key=abcdef123"}) == Texts{"--api-key=${WEB_SEARCH_API_KEY}"});
  CHECK(hidden({"--header", "Authorization: Bearer abcdef123"}) ==
        Texts{"--header", "Authorization: Bearer ${WEB_SEARCH_TOKEN}"});
  CHECK(hidden({"-H", "X-Api-Key:abcdef123"}) == Texts{"-H", "X-Api-Key:${WEB_SEARCH_X_API_KEY}"});
  CHECK(hidden({"--header=Authorization: Basic dXNlcjpwYXNz"}) ==
        Texts{"--header=Authorization: Basic ${WEB_SEARCH_TOKEN}"});
  CHECK(hidden({"-e", "GITHUB_TOKEN=abcdef123"}) == Texts{"-e", "GITHUB_TOKEN=${GITHUB_TOKEN}"});
  CHECK(hidden({"postgres://me:pa%24s@db/x"}) == Texts{"postgres://me:${WEB_SEARCH_PASSWORD}@db/x"});
  CHECK(hidden({"https://x.example/mcp?api_key=abcdef123&b=1"}) ==
        Texts{"https://x.example/mcp?api_key=${WEB_SEARCH_API_KEY}&b=1"});
  CHECK(hidden({"run", "ghp_0123456789abcdefABCDEF"}) == Texts{"run", "${WEB_SEARCH_KEY}"});
  CHECK(hidden({"-c", "TOKEN=abcdef123 exec node x --password='hunter22'"}) ==
        Texts{"-c", "TOKEN=${WEB_SEARCH_TOKEN} exec node x --password='${WEB_SEARCH_PASSWORD}'"});
}

TEST_CASE("what only looks like a secret stays") {
  for (const Texts& args :
       {Texts{"--auth", "none"}, Texts{"--token-limit", "4000"}, Texts{"--key-file", "/etc/key.pem"},
        Texts{"--api-key", "--verbose"}, Texts{"sk-learn"}, Texts{"--max-tokens=4096"}, Texts{"--author=ada"},
        Texts{"-H", "Accept: text/html"}, Texts{"http://host:80/x@y"}, Texts{"npm_config_x"}}) {
    CHECK(hidden(args) == args);
  }
}

TEST_CASE("secrets in the environment are known by their names, or by what they look like") {
  CHECK(hidden_value("GITHUB_TOKEN", "abc") == "${GITHUB_TOKEN}");
  CHECK(hidden_value("api_key", "abc") == "${api_key}");
  CHECK(hidden_value("DATABASE_URL", "postgres://me:secret@db/x") == "${DATABASE_URL}");
  CHECK(hidden_value("EXTRA", "sk-ant-0123456789abcdef") == "${WEB_KEY}");
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"LOG_LEVEL", "debug"},
                                                        {"AUTH_MODE", "oauth"},
                                                        {"MAX_TOKENS", "4096"},
                                                        {"USE_AUTH", "true"},
                                                        {"API_KEY", ""},
                                                        {"GOOGLE_APPLICATION_CREDENTIALS", "/home/me/key.json"},
                                                        {"TOKEN_FILE", "/run/token"},
                                                        {"URL", "https://x.example/a"}}) {
    CHECK(hidden_value(name, value) == value);
  }
}

TEST_CASE("each value has a variable of its own, and the same value the same one") {
  SecretFinder finder;
  finder.reserve("OTHER_TOKEN");
  const auto name = [&](const std::string& variable, const std::string& value, const std::string& server) {
    return in_berth_words(finder.in_value(literal_word(value), variable, server), true);
  };
  CHECK(name("API_KEY", "first-value", "a") == "${API_KEY}");
  CHECK(name("API_KEY", "second-value", "b") == "${B_API_KEY}");
  CHECK(name("API_KEY", "first-value", "c") == "${API_KEY}");
  CHECK(name("API_KEY", "third-value", "b") == "${API_KEY_2}");
  CHECK(name("OTHER_TOKEN", "fourth-value", "d") == "${D_OTHER_TOKEN}");  // that name is read from the environment
}

TEST_CASE("comments and URLs show no secret") {
  SecretFinder finder;
  static_cast<void>(finder.in_value(literal_word("hunter2hunter2"), "PASSWORD", "a"));
  CHECK(finder.in_comment("was hunter2hunter2") == "was ${PASSWORD}");
  CHECK(finder.in_comment("old: \"API_KEY\": \"abcdef123\", ok") == "old: \"API_KEY\": \"…\", ok");
  CHECK(finder.in_comment("sk-ant-0123456789abcdef and ghp_0123456789abcdefABCDEF") == "… and …");
  CHECK(finder.in_comment("uses TOKEN=${TOKEN} from the vault") == "uses TOKEN=${TOKEN} from the vault");
  CHECK(SecretFinder::in_url("https://me:pw@x.example/mcp?key=abc&a=b#c") == "https://…@x.example/mcp?key=…&a=…");
  CHECK(SecretFinder::in_url("http://127.0.0.1:3845/mcp") == "http://127.0.0.1:3845/mcp");
}

}  // namespace berth::config
