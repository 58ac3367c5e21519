#pragma once
// The manual page of the program, made from the table of commands.

#include <CLI/App.hpp>
#include <string>

namespace berth::cli {

class Context;

// berth(1), as roff.
std::string manual_page(const Context& context, const CLI::App& app);

}  // namespace berth::cli
