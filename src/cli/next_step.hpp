#pragma once
// The next command to type, in messages: with the common options of this one, so that it can be copied.

#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

struct Stop;
class Context;

// Called once, when the command line was read.
void remember_options(const std::vector<std::string>& common_arguments);

// "berth -c tools.toml up -d", for "up -d".
std::string next_step(std::string_view words);

// For a shell: in single quotes where it needs them.
std::string shell_word(std::string_view word);

// Nobody answers on this socket: what is the matter there, who else runs, and how to start one. Exit code 4.
Stop no_supervisor(const std::string& socket);

// What the configuration says to these names where no supervisor can, as another line: "In berth.toml no server is
// called `wbe`", "There is no file tools.toml", or nothing. Reads leniently, prints nothing, never throws.
std::string unknown_in_config(const Context& context, const std::vector<std::string>& names);

}  // namespace berth::cli
