#pragma once
// Which values must never be shown.

#include <string>
#include <string_view>
#include <vector>

namespace berth::config {

// Does a variable of this name hold a secret? In doubt yes: OPENAI_API_KEY, openaiApiKey, DB_PWD, SESSION_ID;
// but not KEYBOARD, MONKEY, AUTHOR, PWD.
bool looks_secret(std::string_view name);

// Collects the values of one server's secrets.
class SecretValues {
 public:
  static constexpr std::size_t shortest = 6;  // bytes; anything shorter would black out ordinary words

  // Its lines too, without blanks around them and without a carriage return: output is redacted line by line.
  void add(std::string_view value);

  // Longest first, so that no secret is broken up by a shorter one inside it; each once.
  std::vector<std::string> take();

 private:
  std::vector<std::string> values_;
};

}  // namespace berth::config
