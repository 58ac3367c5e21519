#include "cli/unit_file.hpp"

#include <algorithm>
#include <map>
#include <sstream>

namespace berth::cli {

namespace {

enum class Dollar { literal, doubled };

// C-style, as systemd.syntax(7) has it; `%` begins a specifier everywhere.
std::string quoted(std::string_view text, Dollar dollar) {
  constexpr std::string_view harmless = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@+=:,./-$%";
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%') {
      out += "%%";
    } else if (c == '$') {
      out += dollar == Dollar::doubled ? "$$" : "$";
    } else if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += std::string("\\x") + digits[byte >> 4U] + digits[byte & 0xFU];
    } else {
      out += c;
    }
  }
  const bool plain = !text.empty() && text.find_first_not_of(harmless) == std::string_view::npos;
  return plain ? out : "\"" + out + "\"";
}

using Settings = std::map<std::string, std::string, std::less<>>;

// NAME= and its values, in order. The mark is one too: it tells the version.
Settings settings(std::string_view unit) {
  Settings found;
  std::istringstream lines{std::string(unit)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(unit_mark)) found["written by"] = line.substr(unit_mark.size() + 1);
    const auto equals = line.find('=');
    if (line.starts_with('#') || equals == std::string::npos) continue;
    const std::string name = line.substr(0, equals);
    if (name == "Environment") continue;
    auto& value = found[name];
    value += (value.empty() ? "" : "; ") + line.substr(equals + 1);
  }
  return found;
}

}  // namespace

std::string unit_word(std::string_view word) {
  return quoted(word, Dollar::doubled);
}

std::string unit_program(std::string_view path) {
  return quoted(path, Dollar::literal);
}

std::string unit_assignment(std::string_view name, std::string_view value) {
  return quoted(std::string(name) + "=" + std::string(value), Dollar::literal);
}

std::string unit_name(const std::string& project) {
  return "berth-" + project + ".service";
}

std::string unit_text(const UnitFacts& facts) {
  std::string berth = unit_program(facts.program);
  for (const std::string& argument : facts.arguments) berth += " " + unit_word(argument);
  std::string environment;
  for (const auto& [name, value] : facts.environment) {
    environment += "Environment=" + unit_assignment(name, value) + "\n";
  }
  const auto stop = std::chrono::ceil<std::chrono::seconds>(facts.shutdown_timeout + stop_margin).count();
  std::string text(unit_mark);
  text += " (" + facts.version + "); another install writes it anew.\n";
  text += "# Changes of yours: `systemctl --user edit " + unit_name(facts.project) + "` keeps them beside it.\n";
  text += "[Unit]\nDescription=MCP servers of " + facts.project + " (Berth)\nDocumentation=man:berth(1)\n";
  text += "\n[Service]\nType=notify\nNotifyAccess=main\n" + environment;
  text += "ExecStart=" + berth + " up --notify settled\n";
  text += "ExecReload=" + berth + " reload\n";
  text += "# Berth has a limit of its own for each start (ready.timeout).\nTimeoutStartSec=infinity\n";
  text += "# supervisor.shutdown_timeout, and some more.\nTimeoutStopSec=" + std::to_string(stop) + "\n";
  text += "WatchdogSec=30s\nRestart=on-failure\nRestartSec=2s\n";
  text += "# 2: the configuration is not valid; the same again would not help.\nRestartPreventExitStatus=2\n";
  text += "# Ended by SIGINT or SIGTERM, in order.\nSuccessExitStatus=130 143\n";
  text += "# Berth ends its servers itself, in order; what is left when it has gone is killed.\nKillMode=mixed\n";
  text += "# For the control groups of servers that have `limits`.\nDelegate=memory pids\n";
  const bool told =
      std::ranges::any_of(facts.environment, [](const auto& one) { return one.first == "BERTH_CGROUPS"; });
  if (!told) {
    text += "# A user's manager does not mark the group as delegated.\nEnvironment=BERTH_CGROUPS=delegated\n";
  }
  text += "# A server that was ended for want of memory is restarted by Berth; the others go on.\nOOMPolicy=continue\n";
  text += "\n[Install]\nWantedBy=default.target\n";
  return text;
}

std::vector<std::string> unit_drift(std::string_view installed, std::string_view wanted) {
  const Settings is = settings(installed);
  const Settings should_be = settings(wanted);
  std::vector<std::string> drift;
  for (const auto& [name, value] : should_be) {
    const auto found = is.find(name);
    if (found == is.end()) {
      drift.push_back(name + " is missing: " + value);
    } else if (found->second != value) {
      drift.push_back(name + " is " + found->second + ", not " + value);
    }
  }
  for (const auto& [name, value] : is) {
    if (!should_be.contains(name)) drift.push_back(name + " is " + value + ", and would go");
  }
  return drift;
}

}  // namespace berth::cli
