#pragma once
// What kind of server an entry describes, and how Berth is to start it.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/import/words.hpp"

namespace berth::config {

// A server of Berth, in pieces.
struct Draft {
  struct Variable {
    std::string name;
    Word value;
    std::vector<std::string> comments;

    friend bool operator==(const Variable& a, const Variable& b) { return a.name == b.name && a.value == b.value; }
  };

  Word command;
  std::vector<Word> args;
  std::vector<Variable> env;
  std::string cwd;       // absolute, or empty
  std::string env_file;  // absolute, or empty
  std::string path = "/mcp";
  std::vector<std::string> port_env;  // empty: the default
  bool enabled = true;
  bool wrapped = false;
  std::string ready_timeout;         // empty: the default
  std::vector<std::string> remarks;  // what was decided, for the comment

  // What it does; how it came about is not compared.
  [[nodiscard]] bool same_as(const Draft& other) const;
};

// `cmd /c npx …` to `npx …`, `npx.cmd` to `npx`, and one string with blanks in it to several. Says what it did.
void unwrap(Draft& draft);

// The URL of a server elsewhere, when all that the command does is to bring it here (mcp-remote and its like).
std::optional<Word> bridged_url(const Draft& draft);

// When it serves HTTP by itself: its port becomes {port}, and true is returned.
bool take_as_http(Draft& draft);

enum class Wrapper { mcp_proxy, supergateway };

// Puts a program of npm in front of a stdio server.
void wrap(Draft& draft, Wrapper wrapper);

}  // namespace berth::config
