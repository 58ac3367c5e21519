// What a tool is: a name, the parameters it takes, and a function. The JSON Schema that clients see and the check of
// what they send are both made from the same list of parameters, so they cannot disagree.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace harbour {

namespace json = boost::json;

enum class Kind { text, integer, text_list };

struct Parameter {
  std::string name;
  Kind kind;
  std::string description;
  bool required = true;
  std::int64_t minimum = std::numeric_limits<std::int64_t>::min();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
};

// The arguments of one call. They have been checked against the tool's parameters, so reading them cannot fail.
class Arguments {
 public:
  explicit Arguments(const json::object& values) : values_(values) {}
  bool has(std::string_view name) const { return values_.contains(name); }
  std::string text(std::string_view name) const;
  std::int64_t integer(std::string_view name, std::int64_t fallback) const;
  std::vector<std::string> list(std::string_view name) const;

 private:
  const json::object& values_;
};

// An error is an answer too: the model reads `text` and can try again with better arguments.
struct ToolResult {
  std::string text;
  json::object structured = {};
  bool is_error = false;
};
ToolResult tool_error(std::string message);

struct Tool {
  std::string name;
  std::string title;
  std::string description;
  std::vector<Parameter> parameters;
  json::object output_schema;
  std::function<ToolResult(const Arguments&)> run;
  bool read_only = true;
};

struct ToolSet {
  std::string name;
  std::string instructions;
  std::vector<Tool> tools;
};

// An output schema whose members are all required: { name, JSON type } pairs.
json::object object_schema(std::initializer_list<std::pair<std::string_view, std::string_view>> members);
// The same, as a list: { "type": "array", "items": … } under one name, with a count beside it.
json::object list_schema(std::string_view name, json::object item);

// The tool's entry in tools/list.
json::object describe(const Tool& tool);

// Checks the arguments and runs the tool; what is wrong with them comes back as an error result.
ToolResult call(const Tool& tool, const json::object& arguments);

}  // namespace harbour
