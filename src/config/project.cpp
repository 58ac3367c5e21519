#include "config/project.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>

#include "config/document.hpp"
#include "config/files.hpp"
#include "config/variables.hpp"

namespace berth::config {

namespace {

std::optional<std::string> name_in(std::string_view text) {
  const auto root = parse_document(text);
  if (!root) return std::nullopt;
  const Node* name = root->value("name");
  if (name == nullptr || !name->is(Node::Type::string)) return std::nullopt;
  return expand(name->string, process_environment()).plain;
}

// Of a file with a mistake somewhere: what stands before the first table, line by line.
std::optional<std::string> name_in_lines(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('[')) break;
    if (auto name = name_in(line)) return name;
  }
  return std::nullopt;
}

}  // namespace

std::string project_of(const std::string& file) {
  if (const auto text = read_text_file(file)) {
    if (auto name = name_in(*text)) return *name;
    if (auto name = name_in_lines(*text)) return *name;
  }
  std::error_code ignored;
  return std::filesystem::absolute(file, ignored).lexically_normal().parent_path().filename().string();
}

}  // namespace berth::config
