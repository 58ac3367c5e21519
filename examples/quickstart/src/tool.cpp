#include "tool.hpp"

#include <cmath>
#include <optional>

namespace harbour {
namespace {

json::object schema_of(const Parameter& parameter) {
  json::object schema;
  switch (parameter.kind) {
    case Kind::text: schema["type"] = "string"; break;
    case Kind::integer: schema["type"] = "integer"; break;
    case Kind::text_list:
      schema["type"] = "array";
      schema["items"].emplace_object()["type"] = "string";
      break;
  }
  schema["description"] = parameter.description;
  if (parameter.minimum != std::numeric_limits<std::int64_t>::min()) schema["minimum"] = parameter.minimum;
  if (parameter.maximum != std::numeric_limits<std::int64_t>::max()) schema["maximum"] = parameter.maximum;
  return schema;
}

// 3.0 is an integer in JSON Schema, and some clients write every number that way.
std::optional<std::int64_t> integer_of(const json::value& value) {
  constexpr double exact = 9007199254740992.0;  // 2^53: beyond it a double no longer names one integer
  if (const auto* whole = value.if_int64()) return *whole;
  if (const auto* real = value.if_double()) {
    if (std::abs(*real) <= exact && std::trunc(*real) == *real) return static_cast<std::int64_t>(*real);
  }
  return std::nullopt;
}

std::string complaint(const Parameter& parameter, const json::value& value) {
  switch (parameter.kind) {
    case Kind::text: return value.is_string() ? "" : "must be a string";
    case Kind::text_list:
      if (!value.is_array()) return "must be a list of strings";
      for (const auto& item : value.get_array()) {
        if (!item.is_string()) return "must be a list of strings";
      }
      return "";
    case Kind::integer: break;
  }
  const auto number = integer_of(value);
  if (!number) return "must be an integer";
  if (*number < parameter.minimum) return "must be at least " + std::to_string(parameter.minimum);
  if (*number > parameter.maximum) return "must be at most " + std::to_string(parameter.maximum);
  return "";
}

const Parameter* find_parameter(const Tool& tool, std::string_view name) {
  for (const auto& parameter : tool.parameters) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

// All faults at once, so that a model needs one more try and not one per fault.
std::string complaints(const Tool& tool, const json::object& arguments) {
  std::string all;
  const auto add = [&all](std::string_view name, std::string_view what) {
    if (!all.empty()) all += "; ";
    all.append(name).append(" ").append(what);
  };
  for (const auto& parameter : tool.parameters) {
    const auto* value = arguments.if_contains(parameter.name);
    if (value == nullptr) {
      if (parameter.required) add(parameter.name, "is missing");
      continue;
    }
    if (const auto what = complaint(parameter, *value); !what.empty()) add(parameter.name, what);
  }
  for (const auto& member : arguments) {
    if (find_parameter(tool, member.key()) == nullptr) add(member.key(), "is not a parameter of this tool");
  }
  return all;
}

}  // namespace

std::string Arguments::text(std::string_view name) const {
  const auto* value = values_.if_contains(name);
  return value == nullptr ? std::string() : std::string(std::string_view(value->as_string()));
}

std::int64_t Arguments::integer(std::string_view name, std::int64_t fallback) const {
  const auto* value = values_.if_contains(name);
  return value == nullptr ? fallback : integer_of(*value).value_or(fallback);
}

std::vector<std::string> Arguments::list(std::string_view name) const {
  std::vector<std::string> items;
  if (const auto* value = values_.if_contains(name)) {
    for (const auto& item : value->as_array()) items.emplace_back(std::string_view(item.as_string()));
  }
  return items;
}

ToolResult tool_error(std::string message) {
  return {.text = std::move(message), .is_error = true};
}

json::object object_schema(std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  json::object properties;
  json::array required;
  for (const auto& [name, type] : members) {
    properties[name].emplace_object()["type"] = type;
    required.emplace_back(name);
  }
  json::object schema;
  schema["type"] = "object";
  schema["properties"] = std::move(properties);
  schema["required"] = std::move(required);
  return schema;
}

json::object list_schema(std::string_view name, json::object item) {
  auto schema = object_schema({{name, "array"}, {"count", "integer"}});
  schema["properties"].as_object()[name].as_object()["items"] = std::move(item);
  return schema;
}

json::object describe(const Tool& tool) {
  json::object properties;
  json::array required;
  for (const auto& parameter : tool.parameters) {
    properties[parameter.name] = schema_of(parameter);
    if (parameter.required) required.emplace_back(parameter.name);
  }
  json::object input;
  input["type"] = "object";
  input["properties"] = std::move(properties);
  if (!required.empty()) input["required"] = std::move(required);
  input["additionalProperties"] = false;

  json::object entry;
  entry["name"] = tool.name;
  entry["title"] = tool.title;
  entry["description"] = tool.description;
  entry["inputSchema"] = std::move(input);
  entry["outputSchema"] = tool.output_schema;
  auto& hints = entry["annotations"].emplace_object();
  hints["readOnlyHint"] = tool.read_only;
  hints["openWorldHint"] = false;
  return entry;
}

ToolResult call(const Tool& tool, const json::object& arguments) {
  if (const auto wrong = complaints(tool, arguments); !wrong.empty()) {
    return tool_error("Invalid arguments for " + tool.name + ": " + wrong + ".");
  }
  return tool.run(Arguments(arguments));
}

}  // namespace harbour
