#include "config/manual.hpp"

#include <fmt/format.h>

#include "config/fields.hpp"
#include "config/roff.hpp"

namespace berth::config {
namespace {

constexpr std::string_view description = R"(One TOML 1.0 file lists the servers of a project.
A server needs a `name` and a `command`; all else has a default.
An unknown key is an error, with the nearest known one.
`berth check` says all that is wrong with a file, with lines and columns, and
`berth init` writes a first one.)";

constexpr std::string_view example = R"(name = "tour"

[ports]
range = [50000, 50100]

[defaults]
restart = "on-failure"

[[servers]]
name = "notes"
command = "uvx"
args = ["some-notes-server", "--port", "{port}"]
env = { API_TOKEN = "${NOTES_TOKEN}" }
ready.timeout = "2m"
)";

std::string_view form_of(Kind kind) {
  switch (kind) {
    case Kind::boolean: return "true or false";
    case Kind::integer: return "integer";
    case Kind::number: return "number";
    case Kind::text: return "string";
    case Kind::name: return "name";
    case Kind::url_path: return "path of a URL";
    case Kind::host: return "host";
    case Kind::loopback: return "127.0.0.1 or ::1";
    case Kind::file: return "file";
    case Kind::duration: return "duration";
    case Kind::size: return "size";
    case Kind::user: return "user";
    case Kind::group: return "group";
    case Kind::choice: return "one of";
    case Kind::signal: return "signal";
    case Kind::port: return "\"auto\" or a port";
    case Kind::port_range: return "[first, last]";
    case Kind::texts: return "list of strings";
    case Kind::names: return "list of names of servers";
    case Kind::variables: return "list of names of variables";
    case Kind::exit_codes: return "list of numbers, 0 to 255";
    case Kind::patterns: return "list of regular expressions";
    case Kind::environment:
    case Kind::headers: return "table of strings";
    case Kind::secret_names: return "list of names";
  }
  return "";
}

std::string_view words_of(Change change) {
  switch (change) {
    case Change::nothing: return "";
    case Change::live: return "A changed value takes effect when the file is reloaded.";
    case Change::restart: return "A changed value takes effect with a restart of the server.";
    case Change::supervisor: return "A changed value takes effect with `berth down` and `berth up`.";
  }
  return "";
}

std::string form(const Field& field) {
  std::string text(form_of(field.kind));
  for (const std::string_view choice : field.choices) text += fmt::format(" \"{}\"", choice);
  if (field.kind == Kind::integer || field.kind == Kind::number) {
    text += fmt::format(", {} to {}", field.least, field.most);
  }
  return text;
}

std::string entry(const Field& field) {
  std::string out = fmt::format(
      ".TP\n.BR {} \" (\" \"{}\" )\n{}.\n", roff(field.key),
      [&] {
        std::string quoted;
        for (const char c : form(field)) quoted += c == '"' ? std::string("\\(dq") : std::string(1, c);
        return quoted;
      }(),
      roff(field.help));
  if (field.required) out += "Required.\n";
  if (!field.standard.empty()) out += fmt::format("Default: `{}`.\n", field.standard);
  if (!field.sample.empty() && field.sample != field.standard) out += fmt::format("Example: `{}`.\n", field.sample);
  out += std::string(words_of(field.change)) + "\n";
  return out;
}

// `entry` holds text that is roff already (its first lines) and text that is not.
std::string block(const Field& field) {
  std::string out;
  const std::string all = entry(field);
  std::size_t line = 0;
  std::size_t begin = 0;
  for (auto end = all.find('\n'); end != std::string::npos; end = all.find('\n', begin), ++line) {
    const std::string text = all.substr(begin, end - begin);
    out += (line < 3 ? text : roff(text)) + "\n";
    begin = end + 1;
  }
  return out;
}

std::string heading(const Section& section) {
  if (section.name.empty()) return ".SH TOP LEVEL\n";
  const bool list = section.name == "servers";
  return fmt::format(".SH {}{}{}\n", list ? "[[" : "[", roff(section.name), list ? "]]" : "]");
}

}  // namespace

std::string manual_page(std::string_view version) {
  std::string out = roff_title("BERTH.TOML", 5, version, "File Formats");
  out += ".SH NAME\nberth.toml \\- configuration of Berth, a harbour master for MCP servers\n";
  out += ".SH SYNOPSIS\n.B ./berth.toml\n.br\n.B $XDG_CONFIG_HOME/berth/berth.toml\n";
  out += ".SH DESCRIPTION\n" + roff(description) + "\n";
  out += ".PP\n" +
         roff(
             "Durations are written \"250ms\", \"1.5s\", \"1m30s\", with the units ms s m h d; sizes \"10MiB\", with "
             "the units "
             "B KB MB GB KiB MiB GiB.") +
         "\n";
  for (const Section& section : sections()) {
    out += heading(section) + roff(section.help) + "\n";
    if (section.name == "servers") {
      out += ".PP\n" + roff("`[defaults]` takes any key of a server but its name, for all of them.") + "\n";
      out +=
          ".PP\n" +
          roff(
              "In `args` and in the values of `env`, {port}, {host}, {name} and {url} are filled in; {{word}} writes "
              "{word}, and other braces stay as they are.") +
          "\n";
    }
    for (const Field& field : fields()) {
      if (field.section == section.name) out += block(field);
    }
  }
  out += ".SH FORM OF CODEX\n" +
         roff(
             "A table `[mcp_servers.NAME]` is read as a server too, so that an existing file works as it is: what "
             "Codex alone knows is ignored, and servers with only a url are skipped.") +
         "\n";
  out += ".SH EXAMPLES\n.EX\n" + roff_literal(example) + ".EE\n";
  out += ".SH SEE ALSO\n.BR berth (1)\n.PP\n" + roff("`berth schema` prints a JSON Schema of this file for editors.") +
         "\n";
  return out;
}

}  // namespace berth::config
