// What Berth knows of itself, printed: its manual pages and the schema of its configuration.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>

#include "cli/context.hpp"
#include "cli/manual.hpp"
#include "cli/version.hpp"
#include "config/manual.hpp"
#include "config/schema.hpp"

namespace berth::cli {

void add_schema(CLI::App& app, Context& context) {
  auto* command =
      declare(app, context,
              {"schema",
               group::configure,
               "Print the JSON Schema of the configuration",
               "For editors: `#:schema ./berth.schema.json` in the first line of a berth.toml makes those that know "
               "Taplo complete and check its keys.",
               {{"berth schema > berth.schema.json"}}});
  command->callback([&context] {
    context.action = [] {
      std::cout << config::json_schema();
      return exit_ok;
    };
  });
}

void add_man(CLI::App& app, Context& context) {
  auto* command = declare(app, context,
                          {"man",
                           group::itself,
                           "Print a manual page: 1 for berth, 5 for berth.toml",
                           "As the source that man and mandoc read; an installation has both pages already.",
                           {{"berth man 1 | man -l -"}, {"berth man 5 | mandoc -a"}}});
  auto section = std::make_shared<std::string>();
  choose_from(command->add_option("SECTION", *section, "1: the program; 5: the configuration")->required(), {"1", "5"});
  command->callback([&app, &context, section] {
    context.action = [&app, &context, section] {
      std::cout << (*section == "1" ? manual_page(context, app) : config::manual_page(version));
      return exit_ok;
    };
  });
}

}  // namespace berth::cli
