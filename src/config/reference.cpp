#include "config/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "config/fields.hpp"

namespace berth::config {
namespace {

constexpr std::size_t width = 110;

constexpr std::string_view head = R"(#:schema ./berth.schema.json
# Berth: every key of the config, with its default. This file is made from the table of keys in the source.
#
# Only [[servers]] with `name` and `command` is needed. The word in brackets behind a description is what a changed
# value needs when the file is reloaded: [live] nothing more, [restart] a restart of the server, which the reload
# does, [supervisor] `berth down` and `berth up`.
#
# Durations are written "250ms", "1.5s", "1m30s", with the units ms s m h d; sizes "10MiB", with the units
# B KB MB GB KiB MiB GiB.
)";

constexpr std::string_view defaults_block = R"(
# Any key of a server but its name, for all of them: a server's own value wins, key by key.
[defaults]
# restart = "on-failure"
# ready.timeout = "2m"
)";

constexpr std::string_view codex_block = R"(
# The form of Codex is read as well, so that an existing file works as it is: what Codex alone knows is ignored,
# and servers with only a url are skipped.
# [mcp_servers.everything]
# command = "npx"
# args = ["-y", "@modelcontextprotocol/server-everything", "streamableHttp"]
)";

// As comment lines of bounded width.
std::string comment(std::string_view text) {
  std::string result = "#";
  std::size_t column = result.size();
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (column + 1 + end > width) {
      result += "\n#";
      column = 1;
    }
    result += ' ';
    result += text.substr(0, end);
    column += 1 + end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  result += '\n';
  return result;
}

std::string_view change_tag(Change change) {
  switch (change) {
    case Change::nothing: return "";
    case Change::live: return " [live]";
    case Change::restart: return " [restart]";
    case Change::supervisor: return " [supervisor]";
  }
  return "";
}

std::string limits(const Field& field) {
  if (field.kind == Kind::integer || field.kind == Kind::number) {
    return fmt::format(" From {} to {}.", field.least, field.most);
  }
  if (field.kind != Kind::choice) return "";
  std::string text = " One of";
  for (const std::string_view choice : field.choices) text += fmt::format(" \"{}\"", choice);
  return text + ".";
}

std::string describe(const Field& field) {
  std::string text(field.help);
  text += ".";
  text += limits(field);
  if (field.required) text += " Required.";
  text += change_tag(field.change);
  const bool sample_is_shown = field.required || field.standard.empty();
  if (sample_is_shown || field.sample.empty()) return comment(text);
  return comment(text) + fmt::format("# For example: {} = {}\n", field.key, field.sample);
}

// Commented out where there is no default.
std::string assignment(const Field& field) {
  const std::string_view value = field.standard.empty() ? field.sample : field.standard;
  const bool live = field.required || !field.standard.empty();
  return fmt::format("{}{} = {}\n", live ? "" : "# ", field.key, value);
}

std::string header(const Section& section) {
  if (section.name.empty()) return "";
  return section.name == "servers" ? "[[servers]]\n" : fmt::format("[{}]\n", section.name);
}

}  // namespace

std::string reference_file() {
  std::string text(head);
  for (const Section& section : sections()) {
    if (section.name == "servers") text += defaults_block;
    text += fmt::format("\n{}{}", comment(section.help), header(section));
    for (const Field& field : fields()) {
      if (field.section == section.name) text += fmt::format("\n{}{}", describe(field), assignment(field));
    }
  }
  return text += codex_block;
}

std::string starter_file() {
  return R"(# One file for all your MCP servers. `berth check` reads it through, `berth up` starts what is enabled,
# `berth status` tells how things stand.

# name = "my-tools"            # of the project; without it, the name of this folder

# [ports]
# range = [50000, 51000]       # each server gets a free one of these

# [defaults]                   # any key of a server, for all of them
# restart = "on-failure"

[[servers]]
name = "everything"            # a server of the MCP project, to try things out; it needs Node.js
command = "npx"
args = ["-y", "@modelcontextprotocol/server-everything", "streamableHttp"]
enabled = false                # delete this line, or run `berth start everything`

# Many servers do not read PORT and want to be told on the command line:
#
# [[servers]]
# name = "notes"
# command = "uvx"
# args = ["some-notes-server", "--transport", "http", "--port", "{port}"]
# env = { API_TOKEN = "${NOTES_TOKEN}" }   # from your environment, or from env_file
# env_file = ".env"
# ready.timeout = "2m"         # the first start downloads it
)";
}

}  // namespace berth::config
