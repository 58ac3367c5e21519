// `berth import`: other programs' configs. The input is the text of a file; the byte behind its last zero says what it
// is called. Whatever comes out is a config that the loader takes, and shows no secret.

#include "config/import/import.hpp"

#include <array>

#include "fuzz/support.hpp"

namespace {

using namespace berth;
using config::Diagnostic;
using config::Import;
using config::ImportedServer;
using fuzz::visible;

constexpr std::array<const char*, 6> names{"claude_desktop_config.json", ".mcp.json",     ".cursor/mcp.json",
                                           ".vscode/mcp.json",           "settings.json", "config.toml"};

config::ImportOptions options(config::Wrapper wrapper) {
  config::ImportOptions options;
  options.target_folder = "/home/me/harbour";
  options.home = "/home/me";
  options.wrapper = wrapper;
  options.exists = [](const std::string&) { return false; };
  return options;
}

std::string all_of(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += config::to_string(diagnostic) + "\n";
  return text;
}

// With every variable set.
config::LoadResult load(const std::string& toml) {
  config::LoadOptions load_options;
  load_options.environment = [](std::string_view) { return std::optional<std::string>("value"); };
  return config::parse(toml, "/home/me/harbour/berth.toml", load_options);
}

void check(const config::ImportInput& input, config::Wrapper wrapper) {
  const Import import = config::import_configs({&input, 1}, options(wrapper));
  bool has_error = false;
  for (const Diagnostic& d : import.found) {
    const std::string line = config::to_string(d);
    has_error = has_error || d.severity == config::Severity::error;
    FUZZ_CHECK(d.line >= 1 && d.column >= 1 && !d.message.empty(), visible(line));
    FUZZ_CHECK(!fuzz::has_control_characters(line), visible(line));
  }
  FUZZ_CHECK(has_error == import.failed, all_of(import.found));
  if (import.failed) return;
  const std::string toml = config::to_toml(import);
  const config::LoadResult result = load(toml);
  FUZZ_CHECK(result.config.has_value(), visible(toml + all_of(result.diagnostics)));
  FUZZ_CHECK(result.config->servers.size() == import.servers.size(), visible(toml));
  for (std::size_t i = 0; i < import.servers.size(); ++i) {
    FUZZ_CHECK(result.config->servers[i].name == import.servers[i].name, visible(toml));
    FUZZ_CHECK(result.config->servers[i].enabled == import.servers[i].draft.enabled, visible(toml));
    FUZZ_CHECK(result.config->servers[i].args.size() == import.servers[i].draft.args.size(), visible(toml));
  }
  // What is there twice is taken once.
  const std::vector<config::ImportInput> twice{input, input};
  FUZZ_CHECK(config::import_configs(twice, options(wrapper)).servers.size() == import.servers.size(), visible(toml));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  fuzz::Decisions decisions(text);
  const std::uint8_t choice = decisions.next();
  const config::ImportInput input{std::string(text), names[choice % names.size()], "/home/me/app"};
  check(input, choice < 128 ? config::Wrapper::mcp_proxy : config::Wrapper::supergateway);
  return 0;
}
