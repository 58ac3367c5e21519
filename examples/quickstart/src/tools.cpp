#include "tools.hpp"

namespace harbour {

std::optional<ToolSet> tool_set(std::string_view name) {
  const Clock clock = [] {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  };
  if (name == "clock") return clock_tools(clock);
  if (name == "text") return text_tools();
  if (name == "notes") return notes_tools(clock);
  return std::nullopt;
}

}  // namespace harbour
