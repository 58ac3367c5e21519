#pragma once
// What is said to a command line that cannot be understood.

#include <CLI/App.hpp>
#include <string>

namespace berth::cli {

class Context;

// What is wrong, where, and what to type instead: one or two lines without "berth: " and without a newline at the end.
std::string usage_error(const Context& context, const CLI::App& app, const CLI::ParseError& error);

}  // namespace berth::cli
