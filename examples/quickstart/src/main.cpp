#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "http_server.hpp"
#include "mcp.hpp"
#include "options.hpp"
#include "router.hpp"
#include "tools.hpp"

int main(int argc, char** argv) {
  using namespace harbour;
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  const auto [options, error] = parse_options(std::vector<std::string>(argv + 1, argv + argc), environment);
  if (!error.empty()) {
    std::cerr << "harbour-tools: " << error << "\n\n" << usage();
    return 2;
  }
  if (options.help || options.version) {
    std::cout << (options.help ? usage() : "harbour-tools 0.1.0\n");
    return 0;
  }

  try {
    const Mcp mcp(*tool_set(options.tools));
    return serve(options, "harbour-" + options.tools,
                 [&mcp](const HttpRequest& request) { return route(mcp, request); });
  } catch (const std::exception& failure) {
    std::cerr << "harbour-tools: " << failure.what() << '\n';
    return 1;
  }
}
