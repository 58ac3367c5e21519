#include "config/project.hpp"

#include <filesystem>

#include "config/document.hpp"
#include "config/files.hpp"
#include "config/variables.hpp"

namespace berth::config {

std::string project_of(const std::string& file) {
  if (const auto text = read_text_file(file)) {
    if (const auto root = parse_document(*text)) {
      const Node* name = root->value("name");
      if (name != nullptr && name->is(Node::Type::string)) {
        return expand(name->string, process_environment()).plain;
      }
    }
  }
  std::error_code ignored;
  return std::filesystem::absolute(file, ignored).lexically_normal().parent_path().filename().string();
}

}  // namespace berth::config
