#include "config/import/secret_finder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "config/names.hpp"
#include "config/secrets.hpp"
#include "core/utf8.hpp"

namespace berth::config {
namespace {

using Kind = Piece::Kind;
constexpr auto npos = std::string_view::npos;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return lower(c) >= 'a' && lower(c) <= 'z';
}
bool is_token_character(char c) {
  return is_letter(c) || is_digit(c) || std::string_view("-_.~+/=").find(c) != npos;
}

constexpr std::size_t longest_key = 4096;  // bytes; keeps hostile texts from being searched again and again

// How the keys of well-known services begin.
constexpr std::array<std::string_view, 23> known_beginnings{
    "sk-",   "sk_live_",    "sk_test_", "rk_live_", "pk_live_", "ghp_",  "gho_",   "ghs_",
    "ghu_",  "github_pat_", "glpat-",   "xoxb-",    "xoxp-",    "xapp-", "AKIA",   "AIza",
    "ya29.", "npm_",        "hf_",      "tvly-",    "fc-",      "ntn_",  "secret_"};

// The length of what looks like a key at the start of `text`; 0 when nothing does.
std::size_t key_length(std::string_view text) {
  const auto known =
      std::ranges::find_if(known_beginnings, [&](std::string_view each) { return text.starts_with(each); });
  const bool is_jwt = text.starts_with("eyJ");
  if (known == known_beginnings.end() && !is_jwt) return 0;
  std::size_t end = 0;
  while (end < text.size() && end < longest_key && is_token_character(text[end])) ++end;
  const std::string_view word = text.substr(0, end);
  if (is_jwt) return word.size() > 30 && word.find('.') != npos ? end : 0;
  // `sk-` and its like also begin ordinary words; a key is long and has digits.
  const std::string_view rest = word.substr(known->size());
  return rest.size() >= 12 && std::ranges::any_of(rest, is_digit) && rest.find('/') == npos ? end : 0;
}

// Words that make a name harmless although it has one in it that tells: AUTH_TYPE, TOKEN_LIMIT, KEY_FILE.
constexpr std::array<std::string_view, 26> harmless_ends{
    "type",     "mode",   "method", "file",   "path",     "dir",    "folder", "url",   "uri",
    "endpoint", "host",   "name",   "id",     "env",      "limit",  "count",  "size",  "timeout",
    "ttl",      "expiry", "budget", "window", "interval", "scheme", "scope",  "header"};

constexpr std::array<std::string_view, 14> plain_words{"",     "true", "false", "yes",   "no",    "on",     "off",
                                                       "none", "null", "auto",  "basic", "oauth", "bearer", "default"};

std::string_view last_word(std::string_view name) {
  std::size_t begin = name.size();
  while (begin > 0 && is_letter(name[begin - 1])) {
    const bool hump =
        begin < name.size() && name[begin] >= 'A' && name[begin] <= 'Z' && lower(name[begin - 1]) == name[begin - 1];
    if (hump) break;
    --begin;
  }
  return name.substr(begin);
}

// A variable stands there, or the mark of what was a secret.
bool is_taken_out(std::string_view text) {
  return text.starts_with("${") || text.starts_with("…");
}

// `scheme://user:password@host`: the bytes of the password.
std::optional<std::pair<std::size_t, std::size_t>> password_in_url(std::string_view text) {
  for (auto scheme = text.find("://", 1); scheme != npos; scheme = text.find("://", scheme + 3)) {
    const std::size_t begin = scheme + 3;
    const auto end = std::min(text.find_first_of("/?# \t\"'", begin), text.size());
    const auto at = text.substr(begin, end - begin).rfind('@');
    if (at == npos) continue;
    const auto colon = text.substr(begin, at).find(':');
    if (colon == npos || colon + 1 >= at || is_taken_out(text.substr(begin + colon + 1))) continue;
    return std::pair{begin + colon + 1, begin + at};
  }
  return std::nullopt;
}

struct Found {
  std::size_t begin;
  std::size_t end;
  std::string name;  // of the variable; may be empty
};

// The first secret in a text of which nothing else is known.
std::optional<Found> find_in_text(std::string_view text) {
  if (const auto password = password_in_url(text)) return Found{password->first, password->second, "PASSWORD"};
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (at > 0 && is_token_character(text[at - 1]) && text[at - 1] != '=' && text[at - 1] != '/') continue;
    if (const std::size_t length = key_length(text.substr(at)); length != 0) return Found{at, at + length, ""};
    // Bearer TOKEN
    if (lower(text[at]) == 'b' && lowered(text.substr(at, 7)) == "bearer ") {
      std::size_t begin = at + 7;
      while (begin < text.size() && text[begin] == ' ') ++begin;
      std::size_t end = begin;
      while (end < text.size() && is_token_character(text[end])) ++end;
      if (end - begin >= 6) return Found{begin, end, "TOKEN"};
    }
    // NAME=VALUE, --name=VALUE, ?name=VALUE; "NAME": "VALUE" in JSON
    std::size_t end = at;
    while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]) || text[end] == '_' || text[end] == '-'))
      ++end;
    if (end == at) continue;
    std::string_view name = text.substr(at, end - at);
    while (name.starts_with('-')) name.remove_prefix(1);
    std::size_t value = end;
    if (value < text.size() && text[value] == '"') ++value;
    if (value >= text.size() || (text[value] != '=' && !(value > end && text[value] == ':'))) {
      at = end - 1;
      continue;
    }
    ++value;
    while (value < text.size() && (text[value] == ' ' || text[value] == '"' || text[value] == '\'')) ++value;
    std::size_t stop = value;
    while (stop < text.size() && stop < value + longest_key &&
           std::string_view(" \t&;,\"'`)}").find(text[stop]) == npos)
      ++stop;
    const bool known = is_taken_out(text.substr(value));
    if (!known && is_secret_value(name, text.substr(value, stop - value)))
      return Found{value, stop, variable_name(name)};
    at = end - 1;
  }
  return std::nullopt;
}

// `--api-key` to api-key; empty for what is no flag.
std::string_view flag_name(std::string_view text) {
  if (!text.starts_with('-')) return {};
  while (text.starts_with('-')) text.remove_prefix(1);
  return text;
}

bool takes_a_header(std::string_view flag) {
  return flag == "-H" || flag == "--header" || flag == "--headers";
}

void replace(Word& word, std::size_t piece, const Found& found, Piece variable) {
  const std::string text = word[piece].text;
  Word parts;
  if (found.begin > 0) parts.push_back({Kind::literal, text.substr(0, found.begin), std::nullopt});
  parts.push_back(std::move(variable));
  if (found.end < text.size()) parts.push_back({Kind::literal, text.substr(found.end), std::nullopt});
  word.erase(word.begin() + static_cast<std::ptrdiff_t>(piece));
  word.insert(word.begin() + static_cast<std::ptrdiff_t>(piece), parts.begin(), parts.end());
}

}  // namespace

bool is_secret_value(std::string_view name, std::string_view value) {
  if (!looks_secret(name) || value.find('\0') != npos) return false;
  const std::string word = lowered(value);
  if (std::ranges::find(plain_words, word) != plain_words.end()) return false;
  const std::string end = lowered(last_word(name));
  if (std::ranges::find(harmless_ends, end) != harmless_ends.end()) return false;
  const std::string whole = lowered(name);
  const bool number = std::ranges::all_of(value, is_digit);
  if (number && (whole.find("max") != npos || whole.find("min") != npos || whole.ends_with("tokens"))) return false;
  // The file that holds them is none itself.
  return !(end == "credentials" && (value.starts_with('/') || value.starts_with('~') || value.starts_with('.')));
}

Piece SecretFinder::variable_for(const std::string& value, std::string_view base, std::string_view server,
                                 bool of_environment) {
  const std::string prefix = variable_name(server);
  const std::string bare = base.empty() ? prefix + "_KEY" : std::string(base);
  const auto fits = [&](const std::string& name) {
    if (reserved_.contains(name)) return false;
    const auto taken = values_.find(name);
    return taken == values_.end() || taken->second == value;
  };
  // What a flag or a header is called says too little; a variable of the environment keeps its name.
  constexpr std::array<std::string_view, 9> vague_names{
      "TOKEN", "PASSWORD", "AUTHORIZATION", "KEY", "SECRET", "API_KEY", "ACCESS_TOKEN", "API_TOKEN", "X_API_KEY"};
  const bool vague = !of_environment && std::ranges::find(vague_names, bare) != vague_names.end();
  std::vector<std::string> candidates;
  if (!vague) candidates.push_back(bare);
  if (!bare.starts_with(prefix)) candidates.push_back(prefix + "_" + bare);
  candidates.push_back(bare);
  std::string name;
  for (const std::string& candidate : candidates) {
    if (name.empty() && fits(candidate)) name = candidate;
  }
  for (unsigned number = 2; name.empty(); ++number) {
    if (const std::string candidate = fmt::format("{}_{}", candidates.front(), number); fits(candidate))
      name = candidate;
  }
  values_.emplace(name, value);
  return {Kind::variable, name, std::nullopt};
}

void SecretFinder::in_word(Word& word, std::string_view server) {
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i].kind != Kind::literal) continue;
    const auto found = find_in_text(word[i].text);
    if (!found) continue;
    const std::string value = word[i].text.substr(found->begin, found->end - found->begin);
    replace(word, i, *found, variable_for(value, found->name, server));
  }
}

Word SecretFinder::in_value(const Word& value, std::string_view name, std::string_view server) {
  Word word = value;
  for (Piece& piece : word) {
    if (piece.fallback && (is_secret_value(piece.text, *piece.fallback) || is_secret_value(name, *piece.fallback))) {
      piece.fallback.reset();
    }
  }
  const auto text = plain_text(value);
  if (text && is_secret_value(name, *text)) return {variable_for(*text, std::string(name), server, true)};
  // A URL with a password in it is kept back as a whole: the password may be encoded for it.
  if (text && password_in_url(*text)) return {variable_for(*text, std::string(name), server, true)};
  in_word(word, server);
  return word;
}

void SecretFinder::in_arguments(std::vector<Word>& args, std::string_view server) {
  std::string before;
  for (Word& word : args) {
    const auto text = plain_text(word);
    const std::string_view flag = flag_name(before);
    const std::string current = text.value_or("");
    if (text && !flag.empty() && flag.find('=') == npos && !text->starts_with('-') && is_secret_value(flag, *text)) {
      word = {variable_for(*text, variable_name(flag), server)};
    } else if (text && !text->starts_with('{') && (takes_a_header(before) || text->starts_with("--header="))) {
      // Authorization: Bearer TOKEN
      const std::size_t start = text->starts_with("--header=") ? 9 : 0;
      const auto colon = text->find(':', start);
      if (colon != npos && looks_secret(std::string_view(*text).substr(start, colon - start))) {
        std::size_t begin = text->find_first_not_of(' ', colon + 1);
        const auto space = begin == npos ? npos : text->find(' ', begin);
        const std::string name = variable_name(text->substr(start, colon - start));
        if (space != npos) begin = text->find_first_not_of(' ', space);
        if (begin != npos) {
          replace(word, 0, {begin, text->size(), ""},
                  variable_for(text->substr(begin), space == npos ? name : "TOKEN", server));
        }
      } else {
        in_word(word, server);
      }
    } else {
      in_word(word, server);
    }
    before = current;
  }
}

std::string SecretFinder::in_comment(std::string_view text) const {
  std::string out = core::cut(text, 2000);
  for (const auto& [name, value] : values_) {
    if (value.size() < SecretValues::shortest) continue;
    for (auto at = out.find(value); at != std::string::npos; at = out.find(value, at)) {
      out.replace(at, value.size(), fmt::format("${{{}}}", name));
    }
  }
  // Each round takes one out, and what is taken out is not found again.
  for (auto found = find_in_text(out); found; found = find_in_text(out)) {
    out.replace(found->begin, found->end - found->begin, "…");
  }
  return out;
}

std::string SecretFinder::in_url(std::string_view text) {
  std::string out(text);
  const auto scheme = out.find("://");
  if (scheme != std::string::npos) {
    const auto end = std::min(out.find_first_of("/?#", scheme + 3), out.size());
    const auto at = out.rfind('@', end);
    if (at != std::string::npos && at > scheme && at < end) out.replace(scheme + 3, at - scheme - 3, "…");
  }
  // Parameters are as good as passwords to many services: none of their values is shown.
  std::string shown_url = out.substr(0, std::min(out.find('#'), out.size()));
  for (auto at = shown_url.find('='); at != std::string::npos; at = shown_url.find('=', at + 1)) {
    if (shown_url.find('?') > at) continue;
    const auto end = std::min(shown_url.find('&', at), shown_url.size());
    shown_url.replace(at + 1, end - at - 1, "…");
  }
  return shown_url;
}

}  // namespace berth::config
