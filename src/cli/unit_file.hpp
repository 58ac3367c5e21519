#pragma once
// The systemd unit of a project, as text: systemd.unit(5), systemd.service(5), systemd.exec(5). Pure.

#include <berth/config.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::cli {

struct UnitFacts {
  std::string project;
  std::string version;                 // of Berth
  std::string program;                 // absolute
  std::vector<std::string> arguments;  // the common options, before the command; paths are absolute
  std::vector<std::pair<std::string, std::string>> environment;
  Milliseconds shutdown_timeout{};  // supervisor.shutdown_timeout
};

// Longer than a supervisor takes to go down: what is left after `shutdown_timeout` is killed, and asked for once more.
constexpr Milliseconds stop_margin{15'000};

// The first line of every unit that `berth service` has written, up to here; nothing else is overwritten or removed.
constexpr std::string_view unit_mark = "# Written by `berth service install`";

std::string unit_name(const std::string& project);  // berth-PROJECT.service
std::string unit_text(const UnitFacts& facts);

// What is different between two units, a sentence each; variables aside: those are of the shell that was asked.
std::vector<std::string> unit_drift(std::string_view installed, std::string_view wanted);

// A word for a command line of a unit: in quotes where it needs them, and `%` and `$` as themselves.
std::string unit_word(std::string_view word);
// The first word of one. Variables are not filled in there.
std::string unit_program(std::string_view path);
// NAME=VALUE for `Environment=`. `$` means nothing there.
std::string unit_assignment(std::string_view name, std::string_view value);

}  // namespace berth::cli
