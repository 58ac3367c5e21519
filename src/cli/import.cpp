#include <fcntl.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/context.hpp"
#include "config/files.hpp"
#include "config/import/import.hpp"
#include "core/utf8.hpp"
#include "os/fd.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

struct Options {
  std::vector<std::string> files;
  std::string out;
  std::string wrapper = "mcp-proxy";
  bool json = false;
};

std::string absolute(const std::string& path) {
  std::error_code error;
  const fs::path found = fs::absolute(path, error).lexically_normal();
  return error ? path : found.string();
}

// The folder that `path` lies in, without a slash at its end.
std::string folder_of(const std::string& path) {
  return fs::path(absolute(path)).parent_path().string();
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

config::Diagnostic unreadable(const std::string& file, const std::string& why) {
  return {config::Severity::error, file, 1, 1, "cannot be read: " + why, ""};
}

config::Import run(const Options& options) {
  std::vector<config::ImportInput> inputs;
  std::vector<config::Diagnostic> unread;
  for (const std::string& file : options.files) {
    auto text = config::read_text_file(file);
    if (text) {
      inputs.push_back({std::move(*text), file, folder_of(file)});
    } else {
      unread.push_back(unreadable(file, text.error()));
    }
  }
  config::ImportOptions plan;
  std::error_code ignored;
  plan.target_folder = options.out.empty() ? fs::current_path(ignored).string() : folder_of(options.out);
  plan.home = environment("HOME");
  plan.wrapper = options.wrapper == "supergateway" ? config::Wrapper::supergateway : config::Wrapper::mcp_proxy;
  plan.exists = [](const std::string& path) {
    std::error_code error;
    return fs::is_regular_file(path, error);
  };
  config::Import import = config::import_configs(inputs, plan);
  if (!unread.empty()) import.failed = true;
  import.found.insert(import.found.begin(), unread.begin(), unread.end());
  return import;
}

std::string_view word_of(config::Severity severity) {
  return severity == config::Severity::error ? "error" : severity == config::Severity::warning ? "warning" : "note";
}

json::string text(std::string_view bytes) {
  return json::string(core::valid_utf8(bytes));
}

json::object to_json(const config::Import& import, const Options& options, const std::string& toml) {
  json::array files;
  for (const auto& [file, source] : import.files) {
    files.push_back(json::object{{"file", text(file)}, {"client", config::source_word(source)}});
  }
  json::array servers;
  for (const config::ImportedServer& server : import.servers) {
    servers.push_back(json::object{{"name", server.name},
                                   {"original_name", text(server.original)},
                                   {"file", text(server.file)},
                                   {"line", server.at.line},
                                   {"client", config::source_word(server.source)},
                                   {"wrapped", server.draft.wrapped},
                                   {"enabled", server.draft.enabled}});
  }
  json::array elsewhere;
  for (const config::NotLaunched& server : import.not_launched) {
    elsewhere.push_back(json::object{{"name", text(server.name)},
                                     {"url", text(server.url)},
                                     {"file", text(server.file)},
                                     {"line", server.at.line},
                                     {"client", config::source_word(server.source)}});
  }
  json::array settings;
  for (const config::Setting& setting : import.settings) {
    json::array needed_by;
    for (const std::string& name : setting.servers) needed_by.push_back(json::string(name));
    settings.push_back(json::object{{"name", setting.name},
                                    {"needed_by", std::move(needed_by)},
                                    {"was_written_out", setting.was_written_out},
                                    {"has_default", setting.has_default},
                                    {"help", text(setting.help)}});
  }
  json::array diagnostics;
  for (const config::Diagnostic& d : import.found) {
    diagnostics.push_back(json::object{{"severity", word_of(d.severity)},
                                       {"file", text(d.file)},
                                       {"line", d.line},
                                       {"column", d.column},
                                       {"message", text(d.message)},
                                       {"hint", text(d.hint)}});
  }
  return {{"ok", !import.failed},
          {"out", options.out.empty() ? json::value(nullptr) : json::value(text(options.out))},
          {"toml", import.failed ? json::value(nullptr) : json::value(text(toml))},
          {"files", std::move(files)},
          {"servers", std::move(servers)},
          {"not_launched", std::move(elsewhere)},
          {"set", std::move(settings)},
          {"diagnostics", std::move(diagnostics)}};
}

// Errors and warnings always; what was decided unless -q.
void say(const config::Import& import, const Context& context) {
  for (const config::Diagnostic& diagnostic : import.found) {
    if (diagnostic.severity == config::Severity::note && context.quiet()) continue;
    std::cerr << config::to_string(diagnostic) << "\n";
  }
  if (import.failed || context.quiet()) return;
  bool first = true;
  for (const config::Setting& setting : import.settings) {
    if (setting.has_default) continue;
    if (first)
      std::cerr << "berth: set these before `berth up`, in the environment or in a file that env_file names:\n";
    first = false;
    std::cerr << "  " << setting.name << "  (";
    for (std::size_t i = 0; i < setting.servers.size(); ++i) std::cerr << (i == 0 ? "" : ", ") << setting.servers[i];
    std::cerr << (setting.was_written_out ? "; its value stands in the imported file)\n" : ")\n");
  }
}

void write_out(const std::string& path, const std::string& toml) {
  const os::Fd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!out && errno == EEXIST) {
    throw Stop{exit_failed,
               "there is a file " + path + " already; it was left as it is. Name another with -o, or remove it first"};
  }
  std::string_view rest = toml;
  while (out && !rest.empty()) {
    const ssize_t written = ::write(out.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (out && rest.empty()) return;
  const std::string reason = std::strerror(errno);
  if (out) ::unlink(path.c_str());
  throw Stop{exit_failed, "cannot write " + path + ": " + reason};
}

int import_files(const Context& context, const Options& options) {
  const config::Import import = run(options);
  const std::string toml = import.failed ? "" : config::to_toml(import);
  say(import, context);
  if (!import.failed && !options.out.empty()) write_out(options.out, toml);
  if (options.json) {
    std::cout << os::json_text(to_json(import, options, toml)) << "\n";
  } else if (!import.failed && options.out.empty()) {
    std::cout << toml;
  } else if (!import.failed && !context.quiet()) {
    std::cout << "wrote " << options.out << ", servers: " << import.servers.size()
              << "; look it through, then: berth check " << options.out << "\n";
  }
  return import.failed ? exit_usage : exit_ok;
}

}  // namespace

void add_import(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"import",
       group::configure,
       "Make a configuration of those of other programs",
       "Reads what Claude Desktop, Claude Code, Cursor, VS Code, Windsurf, Gemini CLI, Codex and Zed write. Secrets "
       "become "
       "${VARIABLES}; what to set is told, and stands on top of the result. A server that speaks over its standard "
       "input and output is written with a bridge from npm before it; one that is elsewhere is listed and not "
       "launched.",
       {{"berth import ~/.cursor/mcp.json .mcp.json -o berth.toml"}}});
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->files, "Configs of Claude, Cursor, VS Code, Windsurf, Gemini CLI, Codex or Zed")
      ->required();
  command
      ->add_option("-o,--out", options->out,
                   "Write to this file, which must not exist yet (default: the standard output)")
      ->type_name("FILE");
  choose_from(command->add_option("--wrapper", options->wrapper, "What serves a stdio server over HTTP"),
              {"mcp-proxy", "supergateway"});
  command->add_flag("--json", options->json,
                    "One JSON document on stdout: what was taken, wrapped, left out, and is to be set");
  command->callback(
      [&context, options] { context.action = [&context, options] { return import_files(context, *options); }; });
}

}  // namespace berth::cli
