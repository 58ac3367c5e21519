#include "config/schema.hpp"

#include <fmt/format.h>

#include <string_view>

#include "config/fields.hpp"
#include "config/signals.hpp"

namespace berth::config {
namespace {

std::string quote(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

// Writes objects with a member on each line; small values come as ready JSON.
class JsonWriter {
 public:
  void open(std::string_view key = "") {
    begin_line(key);
    text_ += "{";
    ++depth_;
    is_first_ = true;
  }

  void close() {
    --depth_;
    text_ += fmt::format("\n{:{}}}}", "", 2 * depth_);
    is_first_ = false;
  }

  void member(std::string_view key, std::string_view json) {
    begin_line(key);
    text_ += json;
  }

  std::string take() { return text_ + "\n"; }

 private:
  void begin_line(std::string_view key) {
    if (depth_ > 0) text_ += (is_first_ ? "\n" : ",\n") + std::string(2 * depth_, ' ');
    if (!key.empty()) text_ += quote(key) + ": ";
    is_first_ = false;
  }

  std::string text_;
  std::size_t depth_ = 0;
  bool is_first_ = true;
};

// A string may also be, or get its value from, a `${VAR}`, which only the loader can judge.
std::string pattern(std::string_view expression) {
  return fmt::format(R"("type": "string", "pattern": {})", quote(fmt::format("{}|\\$", expression)));
}

constexpr std::string_view name_pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$";
constexpr std::string_view variable_pattern = "^[A-Za-z_][A-Za-z0-9_]*$";
constexpr std::string_view header_pattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
constexpr std::string_view text_pattern = R"(^[^\u0000]*$)";  // in a string of JSON, which has this escape as well
constexpr std::string_view host_pattern = R"(^[^\s/@?#\[\]]+$)";
constexpr std::string_view secret_pattern = "^[A-Za-z0-9_-]+$";

std::string table_of_strings(std::string_view name) {
  return fmt::format(
      R"("type": "object", "propertyNames": {{ "pattern": {} }}, "additionalProperties": {{ "type": "string" }})",
      quote(name));
}

std::string list_of(std::string_view item) {
  return fmt::format(R"("type": "array", "items": {{ {} }})", item);
}

std::string numeric(const Field& field, std::string_view type) {
  return fmt::format(R"("type": "{}", "minimum": {}, "maximum": {})", type, field.least, field.most);
}

std::string choice(const Field& field) {
  std::string words;
  for (const std::string_view word : field.choices) words += (words.empty() ? "" : ", ") + quote(word);
  return fmt::format(R"("anyOf": [{{ "enum": [{}] }}, {{ "type": "string", "pattern": "\\$" }}])", words);
}

// TERM, SIGTERM, term: an expression cannot be told to ignore upper and lower case.
std::string signal_pattern() {
  std::string words;
  for (const std::string_view name : signal_names()) {
    words += words.empty() ? "" : "|";
    for (const char c : name.substr(3)) {
      const bool letter = c >= 'A' && c <= 'Z';
      words += letter ? fmt::format("[{}{}]", c, static_cast<char>(c - 'A' + 'a')) : std::string(1, c);
    }
  }
  return fmt::format("^([Ss][Ii][Gg])?({})$", words);
}

// Zero is written in many ways: what has no other digit is none of these values.
std::string more_than_zero(const Field& field, std::string_view expression) {
  if (field.least < 1) return pattern(expression);
  return fmt::format(R"({}, "allOf": [{{ "pattern": "[1-9]|\\$" }}])", pattern(expression));
}

// The members that say what a value of this field looks like.
std::string shape(const Field& field) {
  constexpr std::string_view port = R"("type": "integer", "minimum": 1, "maximum": 65535)";
  switch (field.kind) {
    case Kind::boolean: return R"("type": "boolean")";
    case Kind::integer: return numeric(field, "integer");
    case Kind::number: return numeric(field, "number");
    case Kind::host: return pattern(host_pattern);
    case Kind::text:
    case Kind::user:
    case Kind::group:
    case Kind::file: return fmt::format(R"("type": "string", "minLength": 1, "pattern": {})", quote(text_pattern));
    case Kind::loopback: return pattern("^(127(\\.[0-9]+){3}|[0:]*:0*1)$");
    case Kind::name: return pattern(name_pattern);
    case Kind::url_path: return pattern("^/\\S*$");
    case Kind::duration: return more_than_zero(field, "^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$");
    case Kind::size: return more_than_zero(field, "^[0-9]+(\\.[0-9]+)?(B|KB|MB|GB|KiB|MiB|GiB)$");
    case Kind::choice: return choice(field);
    case Kind::signal: return pattern(signal_pattern());
    case Kind::port:
      return fmt::format(R"("anyOf": [{{ "const": "auto" }}, {{ {} }}, {{ "type": "string", "pattern": "\\$" }}])",
                         port);
    case Kind::port_range: return list_of(port) + R"(, "minItems": 2, "maxItems": 2)";
    case Kind::texts: return list_of(fmt::format(R"("type": "string", "pattern": {})", quote(text_pattern)));
    case Kind::patterns: return list_of(R"("type": "string", "maxLength": 4096)");
    case Kind::names: return list_of(pattern(name_pattern));
    case Kind::variables: return list_of(pattern(variable_pattern));
    case Kind::exit_codes: return list_of(R"("type": "integer", "minimum": 0, "maximum": 255)");
    case Kind::environment: return table_of_strings(variable_pattern);
    case Kind::headers: return table_of_strings(header_pattern);
    case Kind::secret_names: return list_of(pattern(secret_pattern));
  }
  return "";
}

std::string schema_of(const Field& field) {
  const std::string help = std::string(field.help) + ".";
  std::string text = fmt::format(R"({{ "description": {}, {})", quote(help), shape(field));
  if (!field.standard.empty()) text += fmt::format(R"(, "default": {})", field.standard);
  return text + " }";
}

void write_section(JsonWriter& json, std::string_view key, const Section& section);

// The keys of a section and the sections right below it.
void write_properties(JsonWriter& json, const Section& section) {
  for (const Field& field : fields()) {
    if (field.section == section.name) json.member(field.key, schema_of(field));
  }
  const std::string prefix = std::string(section.name) + ".";
  for (const Section& below : sections()) {
    if (below.name.starts_with(prefix)) write_section(json, below.name.substr(prefix.size()), below);
  }
}

void write_section(JsonWriter& json, std::string_view key, const Section& section) {
  json.open(key);
  json.member("description", quote(section.help));
  json.member("type", quote("object"));
  json.open("properties");
  write_properties(json, section);
  json.close();
  // `command` may come from [defaults]; a name cannot.
  if (section.name == "servers") json.member("required", R"(["name"])");
  json.member("additionalProperties", "false");
  json.close();
}

// The keys of a server but its name, by reference.
void write_server_like(JsonWriter& json, std::string_view key, std::string_view help, bool open_ended) {
  json.open(key);
  json.member("description", quote(help));
  json.member("type", quote("object"));
  json.open("properties");
  const auto refer = [&](std::string_view name) {
    json.member(name, fmt::format(R"({{ "$ref": "#/definitions/server/properties/{}" }})", name));
  };
  for (const Field& field : fields()) {
    if (field.section == "servers" && field.key != "name") refer(field.key);
  }
  constexpr std::string_view prefix = "servers.";
  for (const Section& section : sections()) {
    if (section.name.starts_with(prefix)) refer(section.name.substr(prefix.size()));
  }
  json.close();
  json.member("additionalProperties", open_ended ? "true" : "false");
  json.close();
}

void write_root_properties(JsonWriter& json) {
  for (const Section& section : sections()) {
    if (section.name.empty()) {
      for (const Field& field : fields()) {
        if (field.section.empty()) json.member(field.key, schema_of(field));
      }
    } else if (section.name == "servers") {
      json.member("defaults", R"({ "$ref": "#/definitions/defaults" })");
      json.member("servers", R"({ "type": "array", "items": { "$ref": "#/definitions/server" } })");
    } else if (section.name.find('.') == std::string_view::npos) {
      write_section(json, section.name, section);
    }
  }
  json.member(
      "mcp_servers",
      fmt::format(
          R"({{ "type": "object", "propertyNames": {{ "pattern": {} }}, "additionalProperties": {{ "$ref": "#/definitions/codex_server" }} }})",
          quote(name_pattern)));
}

std::string root_keys() {
  std::string keys = R"("defaults")";
  for (const Field& field : fields()) {
    if (field.section.empty()) keys += fmt::format(", {}", quote(field.key));
  }
  for (const Section& section : sections()) {
    const bool is_below = section.name.find('.') != std::string_view::npos;
    if (!section.name.empty() && !is_below) keys += fmt::format(", {}", quote(section.name));
  }
  return keys;
}

void write_definitions(JsonWriter& json) {
  for (const Section& section : sections()) {
    if (section.name == "servers") write_section(json, "server", section);
  }
  write_server_like(json, "defaults", "Any key of a server but its name, for all of them.", false);
  write_server_like(json, "codex_server", "A server in the form of Codex, whose own keys are ignored.", true);
}

}  // namespace

std::string json_schema() {
  JsonWriter json;
  json.open();
  json.member("$schema", quote("http://json-schema.org/draft-07/schema#"));
  json.member("title", quote("berth.toml"));
  json.member("description", quote("The config of Berth, a harbour master for MCP servers."));
  json.member("type", quote("object"));
  json.open("properties");
  write_root_properties(json);
  json.close();
  // A file that is shared with Codex holds its keys as well.
  json.member("if", R"({ "required": ["mcp_servers"] })");
  json.member("else", fmt::format(R"({{ "propertyNames": {{ "enum": [{}] }} }})", root_keys()));
  // A command may come from [defaults]; one of Codex's entries with a url is skipped.
  json.member("allOf",
              R"([{ "if": { "required": ["defaults"], "properties": { "defaults": { "required": ["command"] } } }, )"
              R"("else": { "properties": { "servers": { "items": { "required": ["command"] } }, )"
              R"("mcp_servers": { "additionalProperties": { "anyOf": [{ "required": ["command"] }, )"
              R"({ "required": ["url"] }] } } } } }])");
  json.open("definitions");
  write_definitions(json);
  json.close();
  json.close();
  return json.take();
}

}  // namespace berth::config
