#include "config/secrets.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace berth::config {
namespace {

using Words = std::vector<std::string>;

// Secret wherever they stand in a name.
constexpr std::array<std::string_view, 14> telling_parts{
    "token",  "secret", "passw",         "passphrase", "credential", "bearer",  "apikey",
    "cookie", "oauth",  "authorization", "privatekey", "private",    "session", "signature"};

// Secret as a whole word only: `auth` is not in AUTHOR, nor `pass` in COMPASS.
constexpr std::array<std::string_view, 13> telling_words{
    "key", "keys", "auth", "authentication", "pwd", "pass", "pat", "cred", "creds", "jwt", "sid", "pin", "otp"};

// Words that end in "key" and open nothing.
constexpr std::array<std::string_view, 9> harmless_keys{"monkey", "donkey",  "turkey", "hockey", "jockey",
                                                        "hotkey", "whiskey", "mickey", "flunkey"};

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

// `openaiApiKey2` and `OPENAI_API_KEY` to openai, api, key.
Words split(std::string_view name) {
  Words words(1);
  char previous = '_';
  for (const char c : name) {
    const bool starts_word = is_upper(c) && is_lower(previous);
    if (!is_upper(c) && !is_lower(c)) {
      words.emplace_back();
    } else {
      if (starts_word) words.emplace_back();
      words.back() += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
    }
    previous = c;
  }
  std::erase(words, "");
  return words;
}

bool is_telling(const std::string& word) {
  if (std::ranges::find(telling_words, word) != telling_words.end()) return true;
  return word.ends_with("key") && std::ranges::find(harmless_keys, word) == harmless_keys.end();
}

}  // namespace

bool looks_secret(std::string_view name) {
  if (name == "PWD" || name == "OLDPWD") return false;  // the working directory, in every shell
  const Words words = split(name);
  std::string joined;
  for (const std::string& word : words) joined += word;
  if (std::ranges::any_of(telling_parts, [&](std::string_view part) { return joined.find(part) != joined.npos; })) {
    return true;
  }
  return std::ranges::any_of(words, is_telling);
}

void SecretValues::add(std::string_view value) {
  const auto keep = [this](std::string_view text) {
    if (text.size() >= shortest) values_.emplace_back(text);
  };
  keep(value);
  while (!value.empty()) {
    const auto end = std::min(value.find('\n'), value.size());
    std::string_view line = value.substr(0, end);
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
    keep(line);
    value.remove_prefix(std::min(end + 1, value.size()));
  }
}

std::vector<std::string> SecretValues::take() {
  std::ranges::sort(values_, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  const auto repeated = std::ranges::unique(values_);
  values_.erase(repeated.begin(), repeated.end());
  return std::exchange(values_, {});
}

}  // namespace berth::config
