#include "options.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <map>
#include <utility>

namespace harbour {
namespace {

// Digits and nothing else: "80x", " 80" and "-1" are mistakes and not ports.
std::optional<unsigned> whole_number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc() || stop != end || value > most) return std::nullopt;
  return value;
}

bool is_address(const std::string& text) {
  in6_addr scrap;
  return inet_pton(AF_INET, text.c_str(), &scrap) == 1 || inet_pton(AF_INET6, text.c_str(), &scrap) == 1;
}

// Empty when the value was taken, else what is wrong with it.
std::string take(Options& options, std::string_view key, const std::string& value) {
  const auto wrong = [&](const char* wanted) { return " must be " + std::string(wanted) + ", not '" + value + "'"; };
  if (key == "tools") {
    if (value != "clock" && value != "text" && value != "notes") return wrong("clock, text or notes");
    options.tools = value;
  } else if (key == "host") {
    options.host = value == "localhost" ? "127.0.0.1" : value;
    if (!is_address(options.host)) return wrong("an IP address or localhost");
  } else if (key == "port") {
    const auto port = whole_number(value, 65535);
    if (!port) return wrong("a number from 0 to 65535");
    options.port = static_cast<std::uint16_t>(*port);
  } else {
    const auto delay = whole_number(value, 600000);
    if (!delay) return wrong("a number of milliseconds up to 600000");
    options.delay = std::chrono::milliseconds(*delay);
  }
  return "";
}

bool takes_value(std::string_view key) {
  return key == "tools" || key == "host" || key == "port" || key == "delay-ms";
}

// Where a value came from, as an error names it: "--port" or "PORT".
struct Source {
  std::string name;
  std::string value;
};

}  // namespace

ParsedOptions parse_options(const std::vector<std::string>& arguments, const Environment& environment) {
  const auto failed = [](std::string error) { return ParsedOptions{.options = {}, .error = std::move(error)}; };
  std::map<std::string, Source> given;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& argument = arguments[i];
    if (argument == "--help" || argument == "-h") return {.options = {.help = true}, .error = ""};
    if (argument == "--version") return {.options = {.version = true}, .error = ""};
    const auto equals = argument.find('=');
    const auto flag = argument.substr(0, equals);
    const auto key = flag.substr(0, 2) == "--" ? flag.substr(2) : std::string();
    if (!takes_value(key)) return failed("unknown argument '" + argument + "'");
    if (equals != std::string::npos) {
      given[key] = {flag, argument.substr(equals + 1)};
    } else if (i + 1 < arguments.size()) {
      given[key] = {flag, arguments[++i]};
    } else {
      return failed(flag + " needs a value");
    }
  }
  for (const auto& [key, name] : {std::pair("host", "HOST"), std::pair("port", "PORT")}) {
    const auto value = environment(name);
    if (value && !value->empty()) given.try_emplace(key, Source{name, *value});
  }

  Options options;
  for (const auto& [key, source] : given) {
    if (const auto wrong = take(options, key, source.value); !wrong.empty()) return failed(source.name + wrong);
  }
  if (!given.contains("port")) return failed("no port: set PORT, or pass --port N (0: any free one)");
  return {.options = std::move(options), .error = ""};
}

std::string_view usage() {
  return "Usage: harbour-tools [--tools clock|text|notes] [--host ADDRESS] [--port N]\n"
         "\n"
         "A small MCP server (Streamable HTTP, http://HOST:PORT/mcp) with one of three sets of tools.\n"
         "HOST and PORT of the environment are used where no argument is given; HOST is 127.0.0.1 by default.\n";
}

}  // namespace harbour
