#include <map>

#include "options.hpp"
#include "support/catch.hpp"

using namespace harbour;

namespace {

ParsedOptions parse(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment) {
  return parse_options(arguments, [&environment](const std::string& name) -> std::optional<std::string> {
    const auto entry = environment.find(name);
    return entry == environment.end() ? std::nullopt : std::optional<std::string>(entry->second);
  });
}

}  // namespace

TEST_CASE("host and port come from the environment, and arguments win", "[options]") {
  auto parsed = parse({"--tools", "notes"}, {{"PORT", "50007"}});
  CHECK(parsed.error.empty());
  CHECK(parsed.options.port == 50007);
  CHECK(parsed.options.host == "127.0.0.1");
  CHECK(parsed.options.tools == "notes");

  parsed = parse({"--port=8080", "--host=::1"}, {{"PORT", "nonsense"}, {"HOST", "nonsense"}});
  CHECK(parsed.error.empty());
  CHECK(parsed.options.port == 8080);
  CHECK(parsed.options.host == "::1");

  CHECK(parse({}, {{"PORT", "1"}, {"HOST", "localhost"}}).options.host == "127.0.0.1");
  CHECK(parse({}, {{"PORT", "1"}, {"HOST", ""}}).options.host == "127.0.0.1");
  CHECK(parse({"--port", "1", "--delay-ms", "1500"}, {}).options.delay == std::chrono::milliseconds(1500));
}

TEST_CASE("a wrong value is named with where it came from", "[options]") {
  for (const auto* port : {"abc", "-1", "65536", " 80", "80 ", "8e3", "4294967297", "0x50"}) {
    CHECK(parse({}, {{"PORT", port}}).error ==
          "PORT must be a number from 0 to 65535, not '" + std::string(port) + "'");
  }
  CHECK(parse({"--host", "example.org"}, {{"PORT", "1"}}).error ==
        "--host must be an IP address or localhost, not 'example.org'");
  CHECK(parse({"--tools", "guns"}, {{"PORT", "1"}}).error == "--tools must be clock, text or notes, not 'guns'");
  CHECK(parse({"--port"}, {}).error == "--port needs a value");
  CHECK(parse({"8080"}, {}).error == "unknown argument '8080'");
  CHECK(parse({"--verbose"}, {}).error == "unknown argument '--verbose'");
  CHECK(parse({}, {}).error.substr(0, 7) == "no port");
  CHECK(parse({}, {{"PORT", ""}}).error.substr(0, 7) == "no port");
}

TEST_CASE("help and version need nothing else", "[options]") {
  CHECK(parse({"--help"}, {}).options.help);
  CHECK(parse({"--version"}, {}).options.version);
  CHECK(parse({"--help"}, {}).error.empty());
}
