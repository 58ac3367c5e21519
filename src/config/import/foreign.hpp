#pragma once
// The configs of other programs as they were written, before anything is made of them.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "config/load.hpp"

namespace berth::config {

enum class Source { claude_desktop, claude_code, cursor, vscode, windsurf, gemini, codex, zed };

// "claude-desktop", as `berth client` calls it; and "Claude Desktop".
std::string_view source_word(Source source);
std::string_view source_title(Source source);

struct ForeignText {
  std::string text;  // in the words of its own file
  Position at;
  std::vector<std::string> comments;
};

struct ForeignServer {
  std::string name;
  Position at;
  std::string project;  // the folder it belongs to, in a file that holds several (`projects` of Claude Code)
  std::optional<ForeignText> command;
  std::vector<ForeignText> args;
  std::vector<std::pair<std::string, ForeignText>> env;
  std::vector<std::string> passed_on;  // variables of the environment that it is given (Codex)
  std::optional<ForeignText> cwd;
  std::optional<ForeignText> env_file;
  std::optional<ForeignText> url;
  bool has_headers = false;
  std::string transport;  // "http", "sse", "stdio" or empty, as it was written
  bool enabled = true;
  std::optional<long> start_timeout_ms;
  std::vector<std::string> before;       // comments
  std::vector<std::string> args_before;  // comments on its arguments
  std::vector<std::string> left_aside;   // keys that mean something to the client only
};

// `inputs` of VS Code.
struct ForeignInput {
  std::string id;
  std::string description;
  std::string standard;
  bool password = false;
};

struct ForeignFile {
  std::string file;  // as it was named
  Source source = Source::claude_desktop;
  std::vector<ForeignServer> servers;
  std::vector<ForeignInput> inputs;
  std::vector<std::string> head;  // comments at the top
};

// Reads a file of any of these programs, recognised by what is in it, and by its name (`file`) where that is not
// enough. `found` gets what is wrong, and what is strange; nothing is returned when there is an error.
std::optional<ForeignFile> read_foreign(std::string_view text, const std::string& file, std::vector<Diagnostic>& found);

// The parts of it, by the language of the file.
std::optional<ForeignFile> read_foreign_json(std::string_view text, const std::string& file,
                                             std::vector<Diagnostic>& found);
std::optional<ForeignFile> read_foreign_toml(std::string_view text, const std::string& file,
                                             std::vector<Diagnostic>& found);

}  // namespace berth::config
