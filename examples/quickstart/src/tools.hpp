// The three tool sets. One process serves one of them, chosen with --tools.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "tool.hpp"

namespace harbour {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;
using Clock = std::function<Instant()>;

ToolSet clock_tools(Clock clock);
ToolSet text_tools();
ToolSet notes_tools(Clock clock);

// nullopt for a name that is none of the three.
std::optional<ToolSet> tool_set(std::string_view name);

}  // namespace harbour
