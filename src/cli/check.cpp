#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <iostream>

#include "cli/context.hpp"
#include "config/load.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

struct CheckOptions {
  std::string file;
  bool json = false;
};

std::string_view name_of(config::Severity severity) {
  switch (severity) {
    case config::Severity::error: return "error";
    case config::Severity::warning: return "warning";
    case config::Severity::note: return "note";
  }
  return "";
}

json::object to_json(const config::LoadResult& result) {
  json::array diagnostics;
  for (const auto& d : result.diagnostics) {
    diagnostics.push_back(json::object{{"severity", name_of(d.severity)},
                                       {"file", d.file},
                                       {"line", d.line},
                                       {"column", d.column},
                                       {"message", d.message},
                                       {"hint", d.hint}});
  }
  return {{"ok", result.config.has_value()},
          {"servers", result.config ? json::value(result.config->servers.size()) : json::value(nullptr)},
          {"diagnostics", std::move(diagnostics)}};
}

int check(const Context& context, const CheckOptions& options) {
  const std::string file = options.file.empty() ? context.config_file() : options.file;
  const auto result = config::load(file, context.load_options());
  for (const auto& diagnostic : result.diagnostics) std::cerr << config::to_string(diagnostic) << "\n";
  if (options.json) {
    std::cout << os::json_text(to_json(result)) << "\n";
  } else if (result.config && !context.quiet()) {
    std::cout << file << ": ok, project " << result.config->name << ", servers: " << result.config->servers.size()
              << "\n";
  }
  return result.config ? exit_ok : exit_usage;
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  auto* command = declare(app, context,
                          {"check",
                           group::configure,
                           "Say what is wrong with a configuration",
                           "All mistakes in one go, as FILE:LINE:COL: error: what (how to mend it), on stderr. Exit "
                           "code 2 when there is one.",
                           {{"berth check"}, {"berth check berth.toml --json"}}});
  auto options = std::make_shared<CheckOptions>();
  command->add_option("FILE", options->file, "The file (default: the one that applies)")->type_name("FILE");
  command->add_flag("--json", options->json, "One JSON document on stdout");
  command->callback([&context, options] { context.action = [&context, options] { return check(context, *options); }; });
}

}  // namespace berth::cli
