#include "config/import/shape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace berth::config {
namespace {

using Kind = Piece::Kind;
constexpr auto npos = std::string_view::npos;

template <std::size_t N>
bool one_of(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::ranges::find(list, text) != list.end();
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// The last part of a path, of Windows too.
std::string_view base_name(std::string_view path) {
  return path.substr(path.find_last_of("/\\") == npos ? 0 : path.find_last_of("/\\") + 1);
}

std::optional<unsigned> port_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > 65535) return std::nullopt;
  return value;
}

Word placeholder(std::string_view before, std::string_view name) {
  Word word = literal_word(before);
  word.push_back({Kind::placeholder, std::string(name), std::nullopt});
  return word;
}

constexpr std::array<std::string_view, 8> port_flags{"--port",        "-p",         "--http-port", "--server-port",
                                                     "--listen-port", "--mcp-port", "--sse-port",  "--streamable-port"};
constexpr std::array<std::string_view, 6> address_flags{"--listen",  "--bind", "--addr",
                                                        "--address", "--http", "--http-addr"};
constexpr std::array<std::string_view, 7> transport_flags{
    "--transport", "-t", "--mode", "--transport-type", "--mcp-transport", "--outputTransport", "--server"};
constexpr std::array<std::string_view, 15> http_words{
    "http",           "sse",         "streamable",      "streamable-http", "streamable_http",
    "streamablehttp", "http-stream", "http_stream",     "httpstream",      "shttp",
    "stream",         "https",       "http-streamable", "http-only",       "streaming"};
constexpr std::array<std::string_view, 8> http_flags{"--http",           "--sse",         "--streamable-http",
                                                     "--streamablehttp", "--enable-http", "--http-mode",
                                                     "--stream",         "--streamable"};
constexpr std::array<std::string_view, 9> transport_variables{
    "TRANSPORT",         "MCP_TRANSPORT",    "MCP_TRANSPORT_MODE", "TRANSPORT_TYPE", "MCP_TRANSPORT_TYPE",
    "FASTMCP_TRANSPORT", "SERVER_TRANSPORT", "MCP_MODE",           "TRANSPORT_MODE"};
constexpr std::array<std::string_view, 9> port_variables{
    "PORT",          "MCP_PORT",        "HTTP_PORT",    "SERVER_PORT",
    "MCP_HTTP_PORT", "MCP_SERVER_PORT", "FASTMCP_PORT", "PLAYWRIGHT_MCP_PORT",
    "MCP_PROXY_PORT"};
// A --port beside these, or one of these, is a database's.
constexpr std::array<std::string_view, 8> database_flags{"--user", "--username", "--database", "--dbname",
                                                         "--db",   "--password", "--db-host",  "--connection-string"};
constexpr std::array<unsigned, 12> database_ports{5432, 3306, 1433, 1521, 27017, 6379,
                                                  9042, 7687, 8123, 5984, 9200,  33060};
constexpr std::array<std::string_view, 6> path_flags{"--path",    "--endpoint",    "--mcp-path", "--streamablehttppath",
                                                     "--ssepath", "--mcp-endpoint"};
constexpr std::array<std::string_view, 4> bridges{"mcp-remote", "mcp-proxy", "supergateway", "mcp-client-proxy"};

struct PortAt {
  std::size_t word;
  std::string before;  // of the word, up to the number
  std::string number;
};

class HttpFinder {
 public:
  explicit HttpFinder(Draft& draft) : draft_(draft) {
    for (const Word& arg : draft.args) args_.push_back(outline(arg));
  }

  bool take() {
    look_at_arguments();
    look_at_environment();
    if (stdio_) return false;
    const bool by_port = (port_ || !port_variables_.empty()) && !database_;
    if (!transport_ && !by_port) return false;
    use_port();
    use_path();
    return true;
  }

 private:
  void look_at_arguments() {
    for (std::size_t i = 0; i < args_.size(); ++i) {
      const std::string& arg = args_[i];
      const auto equals = arg.find('=');
      const std::string_view flag = std::string_view(arg).substr(0, equals);
      const bool inside = equals != std::string::npos;
      const bool has_next = i + 1 < args_.size();
      const std::string_view value = inside     ? std::string_view(arg).substr(equals + 1)
                                     : has_next ? std::string_view(args_[i + 1])
                                                : std::string_view();
      if (arg == "--") break;  // what follows is another program's
      if (one_of(flag, port_flags)) {
        look_at_port(i, inside, value, "");
      } else if (one_of(flag, address_flags) && value.find(':') != npos) {
        look_at_port(i, inside, value.substr(value.rfind(':') + 1), value.substr(0, value.rfind(':') + 1));
        if (port_) transport_ = true;
      }
      if (one_of(flag, database_flags)) database_ = true;
      look_at_transport(i, flag, value, inside);
      if (one_of(lowered(flag), path_flags) && value.starts_with('/')) paths_.emplace_back(lowered(flag), value);
      if (base_name(arg).starts_with("supergateway")) gateway_ = true;
    }
    if (base_name(outline(draft_.command)).starts_with("supergateway")) gateway_ = true;
    if (gateway_ && transport_word_.empty() && port_) transport_word_ = "sse";
  }

  void look_at_port(std::size_t i, bool inside, std::string_view number, std::string_view address) {
    const auto port = port_number(number);
    if (!port || port_) return;
    if (std::ranges::find(database_ports, *port) != database_ports.end()) database_ = true;
    const std::string before = inside ? args_[i].substr(0, args_[i].size() - number.size()) : std::string(address);
    port_ = PortAt{inside ? i : i + 1, before, std::string(number)};
  }

  void look_at_transport(std::size_t i, std::string_view flag, std::string_view value, bool inside) {
    const std::string word = lowered(flag);
    if (one_of(flag, transport_flags)) {
      const std::string chosen = lowered(value);
      if (chosen == "stdio") stdio_ = true;
      if (one_of(chosen, http_words)) found_transport(chosen);
    } else if (!inside && one_of(word, http_flags)) {
      // A bridge's own --sse URL says where it connects to.
      if (value.find("://") == npos) found_transport(word.substr(2));
    } else if (!inside && one_of(word, http_words) &&
               (i == 0 || !args_[i - 1].starts_with('-') || args_[i - 1] == "-y")) {
      found_transport(word);
    }
  }

  void found_transport(std::string_view word) {
    transport_ = true;
    transport_word_ = word;
  }

  void look_at_environment() {
    for (const Draft::Variable& variable : draft_.env) {
      const auto text = plain_text(variable.value);
      if (!text) continue;
      const std::string value = lowered(*text);
      const bool on = value == "1" || value == "true" || value == "yes";
      if (one_of(variable.name, transport_variables)) {
        if (value == "stdio") stdio_ = true;
        if (one_of(value, http_words)) found_transport(value);
      } else if (on && (variable.name.find("STREAMABLE") != npos || variable.name.find("SSE_TRANSPORT") != npos ||
                        variable.name == "USE_HTTP" || variable.name == "SSE_LOCAL")) {
        found_transport(variable.name.find("SSE") != npos ? "sse" : "http");
      } else if (one_of(variable.name, port_variables)) {
        const auto port = port_number(*text);
        if (!port) continue;
        if (std::ranges::find(database_ports, *port) != database_ports.end()) {
          database_ = true;
        } else {
          port_variables_.push_back(variable.name);
        }
      }
    }
  }

  void use_port() {
    if (port_) {
      draft_.args[port_->word] = placeholder(port_->before, "port");
      draft_.remarks.push_back(
          fmt::format("serves HTTP itself; its port {} became {{port}}, which Berth fills in (port = {} keeps it)",
                      port_->number, port_->number));
    }
    for (const std::string& name : port_variables_) {
      const auto found = std::ranges::find(draft_.env, name, &Draft::Variable::name);
      if (!port_) {
        draft_.remarks.push_back(
            fmt::format("serves HTTP itself; {} = {} is now Berth's to set (port = {} keeps the number)", name,
                        *plain_text(found->value), *plain_text(found->value)));
      }
      draft_.env.erase(found);
    }
    if (port_variables_ != std::vector<std::string>{"PORT"}) draft_.port_env = port_variables_;
    if (!port_ && port_variables_.empty()) {
      draft_.remarks.emplace_back(
          "serves HTTP itself; if it does not read PORT, tell it its port: args = [ …, \"--port\", \"{port}\"]");
    }
  }

  void use_path() {
    const bool sse = transport_word_ == "sse";
    if (sse) draft_.path = "/sse";
    for (const auto& [flag, value] : paths_) {
      if (flag == "--ssepath" && !sse) continue;
      if (flag == "--streamablehttppath" && sse) continue;
      const bool telling = value.find("mcp") != npos || value.find("sse") != npos || value.find("stream") != npos;
      if (telling && value.find(' ') == npos) draft_.path = value;
    }
  }

  Draft& draft_;
  std::vector<std::string> args_;
  std::optional<PortAt> port_;
  std::vector<std::string> port_variables_;
  std::vector<std::pair<std::string, std::string>> paths_;
  bool transport_ = false;
  std::string transport_word_;
  bool stdio_ = false;
  bool database_ = false;
  bool gateway_ = false;
};

// Berth sets these itself, for the wrapper: the server behind it is given its own by `env`.
bool set_by_berth(std::string_view name) {
  return name == "PORT" || name == "HOST" || name == "MCP_INSTANCE_ID" || name == "BERTH_SERVER" ||
         name == "BERTH_PROJECT";
}

std::vector<Word> inner_command(Draft& draft) {
  std::vector<Word> words;
  for (auto variable = draft.env.begin(); variable != draft.env.end();) {
    if (!set_by_berth(variable->name)) {
      ++variable;
      continue;
    }
    if (words.empty()) words.push_back(literal_word("env"));
    Word word = literal_word(variable->name + "=");
    if (!variable->value.empty() && variable->value[0].kind == Kind::literal) {
      word[0].text += variable->value[0].text;
      word.insert(word.end(), variable->value.begin() + 1, variable->value.end());
    } else {
      word.insert(word.end(), variable->value.begin(), variable->value.end());
    }
    words.push_back(std::move(word));
    variable = draft.env.erase(variable);
  }
  words.push_back(draft.command);
  words.insert(words.end(), draft.args.begin(), draft.args.end());
  return words;
}

// The shell takes the variables of a word from its environment, so they are put there.
void pass_to_shell(Draft& draft, Word& word) {
  for (Piece& piece : word) {
    if (piece.kind != Kind::variable) continue;
    const Word value{piece};
    std::string name = piece.text;
    while (true) {
      const auto found = std::ranges::find(draft.env, name, &Draft::Variable::name);
      if (found == draft.env.end()) {
        draft.env.push_back({name, value, {}});
        break;
      }
      if (found->value == value) break;
      name += "_ARG";
    }
    piece = {Kind::variable, name, std::nullopt};
  }
}

}  // namespace

bool Draft::same_as(const Draft& other) const {
  return command == other.command && args == other.args && env == other.env && cwd == other.cwd &&
         env_file == other.env_file && path == other.path && port_env == other.port_env && enabled == other.enabled;
}

void unwrap(Draft& draft) {
  const auto command_is = [&](std::string_view name) { return lowered(base_name(outline(draft.command))) == name; };
  if (command_is("cmd") || command_is("cmd.exe")) {
    std::size_t taken = 0;
    bool carries = false;
    while (taken < draft.args.size() && outline(draft.args[taken]).starts_with('/')) {
      const std::string option = lowered(outline(draft.args[taken++]));
      if (option == "/c" || option == "/k") {
        carries = true;
        break;
      }
    }
    if (carries && taken < draft.args.size()) {
      draft.command = draft.args[taken];
      draft.args.erase(draft.args.begin(), draft.args.begin() + static_cast<std::ptrdiff_t>(taken) + 1);
      draft.remarks.emplace_back("was started through cmd /c, which is for Windows");
    }
  }
  auto text = plain_text(draft.command);
  if (!text) return;
  // A whole command line in one string.
  constexpr std::array<std::string_view, 12> launchers{"npx",  "uvx", "node", "python", "python3", "docker",
                                                       "bunx", "uv",  "bun",  "deno",   "npm",     "pnpm"};
  if (const auto space = text->find(' '); space != std::string::npos && one_of(text->substr(0, space), launchers) &&
                                          text->find_first_of("\"'\\") == std::string::npos) {
    std::vector<Word> words;
    for (std::size_t at = 0; at < text->size();) {
      const auto begin = text->find_first_not_of(' ', at);
      if (begin == std::string::npos) break;
      at = std::min(text->find(' ', begin), text->size());
      words.push_back(literal_word(text->substr(begin, at - begin)));
    }
    draft.command = words.front();
    draft.args.insert(draft.args.begin(), words.begin() + 1, words.end());
    draft.remarks.emplace_back("was one string with its arguments in it");
    text = plain_text(draft.command);
  }
  for (const std::string_view suffix : {".cmd", ".exe", ".bat"}) {
    if (lowered(*text).ends_with(suffix) && text->find_first_of("/\\") == std::string::npos) {
      draft.command = literal_word(text->substr(0, text->size() - suffix.size()));
      return;
    }
  }
}

std::optional<Word> bridged_url(const Draft& draft) {
  std::vector<Word> words{draft.command};
  words.insert(words.end(), draft.args.begin(), draft.args.end());
  bool bridge = false;
  std::optional<Word> url;
  for (const Word& word : words) {
    const std::string text = outline(word);
    if (text == "--" || text == "--stdio" || text.starts_with("--stdio=")) return std::nullopt;
    std::string_view name = base_name(text);
    name = name.substr(0, name.find('@'));
    if (!bridge && one_of(name, bridges)) {
      bridge = true;
    } else if (bridge && !url && (text.starts_with("http://") || text.starts_with("https://"))) {
      url = word;
    } else if (bridge && !url && word.size() == 1 && word[0].kind == Kind::variable && &word == &words.back()) {
      url = word;
    }
  }
  return bridge ? url : std::nullopt;
}

bool take_as_http(Draft& draft) {
  return HttpFinder(draft).take();
}

void wrap(Draft& draft, Wrapper wrapper) {
  std::vector<Word> inner = inner_command(draft);
  draft.wrapped = true;
  draft.command = literal_word("npx");
  draft.path = "/mcp";
  draft.port_env.clear();
  draft.ready_timeout = "2m";
  if (wrapper == Wrapper::mcp_proxy) {
    draft.args = {literal_word("-y"),     literal_word("mcp-proxy"), literal_word("--host"), placeholder("", "host"),
                  literal_word("--port"), placeholder("", "port"),   literal_word("--")};
    draft.args.insert(draft.args.end(), inner.begin(), inner.end());
    return;
  }
  Word line;
  for (Word& word : inner) {
    pass_to_shell(draft, word);
    if (!line.empty()) line.back().text += ' ';
    for (const Piece& piece : for_shell(word)) {
      if (piece.kind == Kind::literal && !line.empty() && line.back().kind == Kind::literal) {
        line.back().text += piece.text;
      } else {
        line.push_back(piece);
      }
    }
  }
  draft.args = {literal_word("-y"),
                literal_word("supergateway"),
                literal_word("--stdio"),
                line,
                literal_word("--outputTransport"),
                literal_word("streamableHttp"),
                literal_word("--port"),
                placeholder("", "port")};
}

}  // namespace berth::config
