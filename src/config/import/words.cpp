#include "config/import/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "config/names.hpp"

namespace berth::config {
namespace {

using Kind = Piece::Kind;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_word_character(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

void append(Word& word, std::string_view text) {
  if (text.empty()) return;
  if (word.empty() || word.back().kind != Kind::literal) word.push_back({Kind::literal, "", std::nullopt});
  word.back().text += text;
}

bool knows_braces(Source source) {
  return source != Source::claude_desktop && source != Source::codex && source != Source::zed;
}

class WordReader {
 public:
  WordReader(const Dialect& dialect, std::vector<WordProblem>& problems) : dialect_(dialect), problems_(problems) {}

  Word read(std::string_view text) {
    while (!text.empty()) {
      const auto dollar = std::min(text.find('$'), text.size());
      append(word_, text.substr(0, dollar));
      text.remove_prefix(dollar);
      if (text.empty()) break;
      text.remove_prefix(at_dollar(text));
    }
    return std::move(word_);
  }

 private:
  // Returns the bytes that it took.
  std::size_t at_dollar(std::string_view text) {
    if (text.starts_with("${") && knows_braces(dialect_.source)) {
      const auto close = text.find('}');
      if (close != std::string_view::npos) {
        const std::string_view whole = text.substr(0, close + 1);
        if (!braced(whole.substr(2, close - 2))) append(word_, whole);
        return whole.size();
      }
    } else if (dialect_.source == Source::gemini && text.size() > 1 && is_letter(text[1])) {
      std::size_t end = 1;
      while (end < text.size() && is_word_character(text[end])) ++end;
      word_.push_back({Kind::variable, std::string(text.substr(1, end - 1)), std::nullopt});
      return end;
    }
    append(word_, "$");
    return 1;
  }

  bool braced(std::string_view body) {
    const bool plain = dialect_.source == Source::claude_code || dialect_.source == Source::gemini;
    return plain ? variable(body) : prefixed(body);
  }

  void unknown(std::string_view body) {
    problems_.push_back(
        {fmt::format("{} means nothing to Berth, and stays as it is", shown(fmt::format("${{{}}}", body)))});
  }

  // ${VAR} and ${VAR:-default}
  bool variable(std::string_view body) {
    const auto end = body.find(":-");
    const std::string_view name = body.substr(0, end);
    if (!is_valid_variable(name)) {
      unknown(body);
      return false;
    }
    Piece piece{Kind::variable, std::string(name), std::nullopt};
    if (end != std::string_view::npos) {
      const std::string_view fallback = body.substr(end + 2);
      // A brace without its partner cannot be written in a default.
      if (fallback.find('{') == std::string_view::npos) {
        piece.fallback = fallback;
      } else {
        problems_.push_back({fmt::format("the default of {} cannot be written, and is left out", shown(name))});
      }
    }
    word_.push_back(std::move(piece));
    return true;
  }

  // ${env:NAME}, ${input:id} and the names of folders.
  bool prefixed(std::string_view body) {
    if (body == "userHome") {
      word_.push_back({Kind::variable, "HOME", std::nullopt});
    } else if (body == "workspaceFolder" || body.starts_with("workspaceFolder:")) {
      append(word_, dialect_.workspace);
    } else if (body == "workspaceFolderBasename") {
      append(word_, std::filesystem::path(dialect_.workspace).filename().string());
    } else if (body == "pathSeparator" || body == "/") {
      append(word_, "/");
    } else if (body.starts_with("env:") && is_valid_variable(body.substr(4))) {
      word_.push_back({Kind::variable, std::string(body.substr(4)), std::nullopt});
    } else if (body.starts_with("input:") && dialect_.source == Source::vscode && body.size() > 6) {
      input(body.substr(6));
    } else {
      unknown(body);
      return false;
    }
    return true;
  }

  void input(std::string_view id) {
    Piece piece{Kind::variable, variable_name(id), std::nullopt};
    if (dialect_.inputs != nullptr) {
      const auto found = std::ranges::find(*dialect_.inputs, id, &ForeignInput::id);
      if (found == dialect_.inputs->end()) {
        problems_.push_back({fmt::format("there is no input {}", shown(id))});
      } else if (!found->password && !found->standard.empty() &&
                 found->standard.find_first_of("{}") == std::string::npos) {
        piece.fallback = found->standard;
      }
    }
    word_.push_back(std::move(piece));
  }

  const Dialect& dialect_;
  std::vector<WordProblem>& problems_;
  Word word_;
};

// The bytes of `{…}` at the start of `text` whose inside `allowed` takes; 0 when there is none.
template <class Allowed>
std::size_t braced_length(std::string_view text, Allowed allowed) {
  if (!text.starts_with('{')) return 0;
  std::size_t end = 1;
  while (end < text.size() && allowed(text[end])) ++end;
  return end > 1 && end < text.size() && text[end] == '}' ? end + 1 : 0;
}

// What `expand` and then `fill` turn back into `text`. `more`: a variable follows.
std::string escaped_literal(std::string_view text, bool templated, bool more) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (rest[0] == '$') {
      const bool last = rest.size() == 1;
      const bool special = last ? more : rest[1] == '$' || rest[1] == '{';
      out += special ? "$$" : "$";
      ++at;
      // A `{X}` behind `$$` is taken as it stands.
      if (special && !last) {
        const std::size_t length = braced_length(rest.substr(1), is_word_character);
        out += rest.substr(1, length);
        at += length;
      }
    } else if (const std::size_t length = templated ? braced_length(rest, is_letter) : 0; length != 0) {
      out += fmt::format("{{{}}}", rest.substr(0, length));
      at += length;
    } else {
      out += rest[0];
      ++at;
    }
  }
  return out;
}

}  // namespace

Word read_word(std::string_view text, const Dialect& dialect, std::vector<WordProblem>& problems) {
  return WordReader(dialect, problems).read(text);
}

Word literal_word(std::string_view text) {
  Word word;
  append(word, text);
  return word;
}

std::optional<std::string> plain_text(const Word& word) {
  if (word.empty()) return "";
  if (word.size() > 1 || word[0].kind != Kind::literal) return std::nullopt;
  return word[0].text;
}

std::string outline(const Word& word) {
  std::string out;
  for (const Piece& piece : word) out += piece.kind == Kind::literal ? piece.text : " ";
  return out;
}

std::string in_berth_words(const Word& word, bool templated) {
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const Piece& piece = word[i];
    if (piece.kind == Kind::placeholder) {
      out += fmt::format("{{{}}}", piece.text);
    } else if (piece.kind == Kind::literal) {
      out += escaped_literal(piece.text, templated, i + 1 < word.size() && word[i + 1].kind == Kind::variable);
    } else if (piece.fallback) {
      // In a default a `{word}` would be one of Berth's own; it holds no brace.
      out += fmt::format("${{{}:-{}}}", piece.text, escaped_literal(*piece.fallback, false, false));
    } else {
      out += fmt::format("${{{}}}", piece.text);
    }
  }
  return out;
}

Word for_shell(const Word& word) {
  constexpr std::string_view harmless = "@%+=:,./-";
  const auto text = plain_text(word);
  if (text && !text->empty() && std::ranges::all_of(*text, [&](char c) {
        return is_word_character(c) || harmless.find(c) != std::string_view::npos;
      })) {
    return word;
  }
  Word out;
  if (word.empty()) append(out, "''");
  for (const Piece& piece : word) {
    if (piece.kind == Kind::placeholder) {
      out.push_back(piece);
    } else if (piece.kind == Kind::variable) {
      // In double quotes the shell puts the value in as it is, whatever it holds.
      append(out, fmt::format("\"${}\"", piece.text));
    } else {
      append(out, "'");
      for (const char c : piece.text) append(out, c == '\'' ? "'\\''" : std::string_view(&c, 1));
      append(out, "'");
    }
  }
  return out;
}

std::string variable_name(std::string_view text) {
  std::string name;
  char previous = '_';
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool lower_before = (previous >= 'a' && previous <= 'z') || (previous >= '0' && previous <= '9');
    if (upper && lower_before) name += '_';  // apiKey
    if (c >= 'a' && c <= 'z') {
      name += static_cast<char>(c - 'a' + 'A');
    } else if (is_word_character(c)) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
    previous = c;
  }
  while (name.ends_with('_')) name.pop_back();
  while (name.starts_with('_')) name.erase(0, 1);
  if (name.empty()) name = "VALUE";
  if (name[0] >= '0' && name[0] <= '9') name.insert(0, "_");
  return name;
}

}  // namespace berth::config
