#include "config/import/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <unordered_set>

#include "config/files.hpp"
#include "config/names.hpp"

namespace berth::config {
namespace {

namespace fs = std::filesystem;
using Kind = Piece::Kind;

// The folder of the project that a file belongs to: `.cursor/mcp.json` lies one below it.
std::string project_folder(const ImportInput& input) {
  const fs::path folder(input.folder);
  const std::string name = folder.filename().string();
  const bool below = name == ".cursor" || name == ".vscode" || name == ".gemini" || name == ".codex" || name == ".zed";
  return below ? folder.parent_path().string() : input.folder;
}

// A file of the project: `./tools/x`, `server.js`, `shop.db`.
bool looks_relative(std::string_view text) {
  if (text.starts_with("./") || text.starts_with("../") || text == "." || text == "..") return true;
  if (text.empty() || text.starts_with('-') || text.starts_with('/') ||
      text.find_first_of("@:= ") != std::string_view::npos) {
    return false;
  }
  const auto dot = text.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || text.size() - dot > 6 || dot + 1 == text.size()) return false;
  return std::ranges::all_of(text.substr(dot + 1), [](char c) { return c >= 'a' && c <= 'z'; });
}

bool is_windows_path(std::string_view text) {
  return text.size() > 2 && text[1] == ':' && (text[2] == '\\' || text[2] == '/') && ((text[0] | 0x20) >= 'a') &&
         ((text[0] | 0x20) <= 'z');
}

std::string legal_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool legal =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (legal) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (!out.empty() && (out.front() == '-' || out.front() == '_' || out.front() == '.')) out.erase(0, 1);
  if (out.size() > 63) out.resize(63);
  while (out.ends_with('-')) out.pop_back();
  return out.empty() ? "server" : out;
}

constexpr std::size_t longest_text = std::size_t{128} * 1024;  // of an argument or a variable, to the kernel
constexpr std::size_t most_servers = 1000;

class Importer {
 public:
  explicit Importer(const ImportOptions& options) : options_(options) {}

  Import run(std::span<const ImportInput> inputs) {
    std::vector<std::pair<const ImportInput*, ForeignFile>> files;
    for (const ImportInput& input : inputs) {
      auto file = read_foreign(input.text, input.file, result_.found);
      if (file) files.emplace_back(&input, std::move(*file));
    }
    std::size_t count = 0;
    for (const auto& [input, file] : files) count += file.servers.size();
    if (count > most_servers) {
      file_ = files.back().second.file;
      say(Severity::error, {}, fmt::format("{} servers are more than an import takes ({})", count, most_servers));
      files.clear();
    }
    for (const auto& [input, file] : files) reserve_names(*input, file);
    for (const auto& [input, file] : files) take_file(*input, file);
    name_project();
    result_.failed =
        std::ranges::any_of(result_.found, [](const Diagnostic& d) { return d.severity == Severity::error; });
    for (ImportedServer& server : result_.servers) mask_comments(server);
    for (std::string& line : result_.head) line = secrets_.in_comment(line);
    collect_settings();
    return std::move(result_);
  }

 private:
  // ---- one file --------------------------------------------------------------------------------------------------

  // Everything that a file reads from the environment keeps its name: no secret may take it.
  void reserve_names(const ImportInput& input, const ForeignFile& file) {
    const Dialect dialect{file.source, project_folder(input), &file.inputs};
    std::vector<WordProblem> ignored;
    const auto reserve = [&](const std::string& text) {
      for (const Piece& piece : read_word(text, dialect, ignored)) {
        if (piece.kind == Kind::variable) secrets_.reserve(piece.text);
      }
    };
    for (const ForeignServer& server : file.servers) {
      for (const auto& arg : server.args) reserve(arg.text);
      for (const auto& [name, value] : server.env) reserve(value.text);
      for (const std::string& name : server.passed_on) secrets_.reserve(name);
      if (server.command) reserve(server.command->text);
    }
  }

  void take_file(const ImportInput& input, const ForeignFile& file) {
    result_.files.emplace_back(file.file, file.source);
    result_.head.insert(result_.head.end(), file.head.begin(), file.head.end());
    for (const ForeignInput& in : file.inputs) help_[variable_name(in.id)] = in.description;
    for (const ForeignServer& server : file.servers) take_server(input, file, server);
    file_ = file.file;
    if (file.servers.empty()) {
      say(Severity::note, {}, "there are no servers in this file");
    }
  }

  void say(Severity severity, Position at, std::string message, std::string hint = "") {
    result_.found.push_back({severity, file_, at.line, at.column, std::move(message), std::move(hint)});
  }

  [[nodiscard]] Word words(const ForeignText& text, const Dialect& dialect) {
    std::vector<WordProblem> problems;
    if (text.text.find('\0') != std::string::npos) say(Severity::error, text.at, "a NUL character in a string");
    if (text.text.size() > longest_text) {
      say(Severity::error, text.at, "a string of more than 128 KiB: no program can be started with that");
      return {};
    }
    Word word = read_word(text.text, dialect, problems);
    for (WordProblem& problem : problems) say(Severity::warning, text.at, std::move(problem.message));
    return word;
  }

  // A path of the machine, `~` and the words of folders resolved; empty when a variable stands in it.
  [[nodiscard]] std::string path_of(const ForeignText& text, const Dialect& dialect) {
    std::string path;
    for (const Piece& piece : words(text, dialect)) {
      if (piece.kind == Kind::literal) {
        path += piece.text;
      } else if (piece.text == "HOME" && !options_.home.empty()) {
        path += options_.home;
      } else {
        say(Severity::warning, text.at, "a folder or file with a variable in it is left out: fill it in yourself");
        return "";
      }
    }
    if (path.starts_with("~/") && !options_.home.empty()) path.replace(0, 1, options_.home);
    return path.empty() ? "" : resolve(dialect.workspace, path);
  }

  void take_server(const ImportInput& input, const ForeignFile& file, const ForeignServer& server) {
    file_ = file.file;
    Dialect dialect{file.source, project_folder(input), &file.inputs};
    if (!server.project.empty()) dialect.workspace = server.project;
    if (!server.command) return not_launched(file, server, words(*server.url, dialect));

    Draft draft;
    draft.enabled = server.enabled;
    draft.command = words(*server.command, dialect);
    for (const ForeignText& arg : server.args) draft.args.push_back(words(arg, dialect));
    unwrap(draft);
    if (const auto url = bridged_url(draft)) return not_launched(file, server, *url);
    if (plain_text(draft.command) == "") say(Severity::error, server.command->at, "`command` is empty");
    take_environment(server, dialect, draft);
    take_folder(server, dialect, draft);
    warn_of_windows(server, draft);

    // berth.log is Berth's own log.
    const std::string name = server.name == "berth" ? "berth-server" : legal_name(server.name);
    hide_secrets(draft, name);
    const bool http = take_as_http(draft);
    if (!http) {
      wrap(draft, options_.wrapper);
      draft.remarks.emplace_back(
          options_.wrapper == Wrapper::mcp_proxy
              ? "speaks stdio only: mcp-proxy (npm) serves it over HTTP; any other bridge will do"
              : "speaks stdio only: supergateway (npm) serves it over HTTP, on all addresses; any other bridge will "
                "do");
    }
    // A bridge is started before the server, and perhaps downloaded.
    if (server.start_timeout_ms && (http || *server.start_timeout_ms > 120'000)) {
      draft.ready_timeout = fmt::format("{}s", (*server.start_timeout_ms + 999) / 1000);
    }
    add(file, server, name, std::move(draft));
  }

  void take_environment(const ForeignServer& server, const Dialect& dialect, Draft& draft) {
    for (const auto& [name, value] : server.env) {
      if (!is_valid_variable(name)) {
        say(Severity::warning, value.at, fmt::format("{} is no name of a variable, and is left out", shown(name)));
        continue;
      }
      draft.env.push_back({name, words(value, dialect), value.comments});
    }
    for (const std::string& name : server.passed_on) {
      const bool there = std::ranges::any_of(draft.env, [&](const auto& variable) { return variable.name == name; });
      if (!there) draft.env.push_back({name, {{Kind::variable, name, std::nullopt}}, {}});
    }
  }

  void take_folder(const ForeignServer& server, const Dialect& dialect, Draft& draft) {
    if (server.env_file) {
      const std::string path = path_of(*server.env_file, dialect);
      if (!path.empty() && options_.exists && options_.exists(path)) {
        draft.env_file = path;
      } else if (!path.empty()) {
        say(Severity::warning, server.env_file->at,
            fmt::format("there is no file {}, so env_file is left out", shown(path)));
        draft.remarks.push_back(fmt::format("env_file = {} was there, and no such file", path));
      }
    }
    if (server.cwd) {
      draft.cwd = path_of(*server.cwd, dialect);
      return;
    }
    // These programs start their servers in the folder of the project.
    const bool relative = looks_relative(outline(draft.command)) ||
                          std::ranges::any_of(draft.args, [](const Word& arg) { return looks_relative(outline(arg)); });
    const bool elsewhere = dialect.workspace != options_.target_folder;
    if (relative && elsewhere && dialect.source != Source::claude_desktop) {
      draft.cwd = dialect.workspace;
    }
  }

  void warn_of_windows(const ForeignServer& server, const Draft& draft) {
    const bool windows = is_windows_path(outline(draft.command)) ||
                         std::ranges::any_of(draft.args, [](const Word& arg) { return is_windows_path(outline(arg)); });
    if (windows)
      say(Severity::warning, server.at, fmt::format("{} names a path of Windows", shown(server.name)),
          "put yours there");
  }

  void hide_secrets(Draft& draft, std::string_view server) {
    for (Draft::Variable& variable : draft.env)
      variable.value = secrets_.in_value(variable.value, variable.name, server);
    secrets_.in_arguments(draft.args, server);
  }

  void not_launched(const ForeignFile& file, const ForeignServer& server, const Word& url) {
    std::string text;
    for (const Piece& piece : url)
      text += piece.kind == Kind::literal ? piece.text : fmt::format("${{{}}}", piece.text);
    text = SecretFinder::in_url(text);
    for (const NotLaunched& known : result_.not_launched) {
      if (known.name == server.name && known.url == text) return;
    }
    say(Severity::note, server.at,
        fmt::format("{} is not launched by Berth: it runs at {}", shown(server.name), shown(text)));
    result_.not_launched.push_back({server.name, text, file.file, file.source, server.at});
  }

  // ---- names -----------------------------------------------------------------------------------------------------

  [[nodiscard]] const ImportedServer* named(std::string_view name) const {
    const auto found = std::ranges::find(result_.servers, name, &ImportedServer::name);
    return found == result_.servers.end() ? nullptr : &*found;
  }

  [[nodiscard]] std::string unused(const std::string& wanted) {
    if (!names_.contains(wanted)) return wanted;
    for (unsigned& number = next_number_[wanted];; ++number) {
      const std::string end = fmt::format("-{}", number + 2);
      const std::string name = wanted.substr(0, 63 - end.size()) + end;
      if (!names_.contains(name)) return name;
    }
  }

  void add(const ForeignFile& file, const ForeignServer& server, const std::string& name, Draft draft) {
    for (const ImportedServer& known : result_.servers) {
      if (known.original != server.name || !known.draft.same_as(draft)) continue;
      say(Severity::note, server.at,
          fmt::format("{} is the same as in {}, and is taken once", shown(server.name), known.file));
      return;
    }
    std::string chosen = name;
    if (const ImportedServer* other = named(name)) {
      const bool same_file = other->file == file.file;
      std::string suffix(source_word(file.source));
      if (!server.project.empty()) suffix = legal_name(fs::path(server.project).filename().string());
      std::string wanted = name + "-" + suffix;
      if (wanted.size() > 63 || (same_file && server.project.empty())) wanted = name;
      chosen = unused(wanted);
      draft.remarks.push_back(fmt::format("was {} in {}; that name was taken", server.name, file.file));
      say(Severity::note, server.at,
          fmt::format("{} is called {} here: another one has that name", shown(server.name), shown(chosen)));
    } else if (chosen != server.name) {
      draft.remarks.push_back(fmt::format("was called {}", server.name));
      say(Severity::note, server.at,
          fmt::format("{} is called {} here: {}", shown(server.name), shown(chosen),
                      server.name == "berth" ? "berth.log is Berth's own log"
                                             : "a name is made of letters, digits, `_`, `.` and `-`"));
    }
    if (draft.wrapped) {
      say(Severity::note, server.at,
          fmt::format("{} speaks stdio only, and is written with a bridge to HTTP", shown(chosen)));
    } else {
      say(Severity::note, server.at,
          fmt::format("{} serves HTTP itself: its port is Berth's to give now", shown(chosen)));
    }
    names_.insert(chosen);
    result_.servers.push_back(
        {chosen, server.name, file.file, file.source, server.at, std::move(draft), server.before, server.args_before});
  }

  // Two names that differ in what is illegal only, and the like, are told apart above; here is the project's own.
  void name_project() {
    const std::string folder = fs::path(options_.target_folder).filename().string();
    if (!is_valid_name(folder)) result_.project = folder.empty() ? "tools" : legal_name(folder);
    if (result_.project == "server") result_.project = "tools";
  }

  // ---- what is left ----------------------------------------------------------------------------------------------

  void mask_comments(ImportedServer& server) {
    for (auto* list : {&server.before, &server.args_before, &server.draft.remarks}) {
      for (std::string& line : *list) line = secrets_.in_comment(line);
    }
    for (Draft::Variable& variable : server.draft.env) {
      for (std::string& line : variable.comments) line = secrets_.in_comment(line);
    }
  }

  void collect_settings() {
    std::map<std::string, Setting> by_name;
    for (const ImportedServer& server : result_.servers) {
      const auto collect = [&](const Word& word) {
        for (const Piece& piece : word) {
          if (piece.kind != Kind::variable || piece.text == "HOME") continue;
          Setting& setting = by_name[piece.text];
          if (setting.servers.empty()) setting.has_default = true;
          setting.name = piece.text;
          setting.has_default = setting.has_default && piece.fallback.has_value();
          setting.was_written_out = secrets_.was_written_out(piece.text);
          if (const auto help = help_.find(piece.text); help != help_.end()) setting.help = help->second;
          if (std::ranges::find(setting.servers, server.name) == setting.servers.end())
            setting.servers.push_back(server.name);
        }
      };
      collect(server.draft.command);
      for (const Word& arg : server.draft.args) collect(arg);
      for (const Draft::Variable& variable : server.draft.env) collect(variable.value);
    }
    for (auto& [name, setting] : by_name) result_.settings.push_back(std::move(setting));
  }

  const ImportOptions& options_;
  Import result_;
  SecretFinder secrets_;
  std::string file_;
  std::map<std::string, std::string> help_;
  std::unordered_set<std::string> names_;
  std::map<std::string, unsigned> next_number_;
};

}  // namespace

Import import_configs(std::span<const ImportInput> inputs, const ImportOptions& options) {
  return Importer(options).run(inputs);
}

}  // namespace berth::config
