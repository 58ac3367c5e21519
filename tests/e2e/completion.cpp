// The completions in the shells themselves.

#include <algorithm>
#include <sstream>

#include "e2e/e2e.hpp"
#include "support/terminal.hpp"

namespace e2e {
namespace {

std::string shell_path(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/bin/", "/usr/local/bin/"}) {
    if (std::filesystem::exists(folder + name)) return folder + name;
  }
  return "";
}

void three_servers(Sandbox& sandbox) {
  auto config = sandbox.config();
  config.server("web");
  config.server("web-search");
  config.server("database");
  sandbox.write(config);
}

// The program under its own name, on the PATH.
void put_on_path(Sandbox& sandbox, ProgramPlan& plan) {
  std::filesystem::create_directories(sandbox.file("bin"));
  const auto link = sandbox.file("bin") / "berth";
  if (!std::filesystem::exists(link)) std::filesystem::create_symlink(BERTH_PROGRAM, link);
  plan.environment["PATH"] = sandbox.file("bin").string() + ":/usr/bin:/bin";
  plan.environment["TERM"] = "xterm-256color";
  plan.environment["LC_ALL"] = "C.UTF-8";
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line.substr(0, line.find('\t')));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

// What bash would offer, with `=` splitting words as it does there.
std::vector<std::string> in_bash(Sandbox& sandbox, const std::vector<std::string>& words) {
  std::string line = "source <(berth completion bash); COMP_WORDS=(";
  for (const std::string& word : words) line += "'" + word + "' ";
  line += "); COMP_CWORD=" + std::to_string(words.size() - 1) + "; _berth; printf '%s\\n' \"${COMPREPLY[@]}\"";
  auto plan = sandbox.plan(shell_path("bash"), {"--norc", "-c", line});
  put_on_path(sandbox, plan);
  const Result result = run(plan);
  INFO(result.err);
  CHECK(result.code == 0);
  CHECK(result.err.empty());
  return sorted_lines(result.out);
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("bash completes commands, options, values, servers and files") {
  Sandbox sandbox;
  three_servers(sandbox);
  CHECK(in_bash(sandbox, {"berth", "st"}) == Words{"start", "status", "stop"});
  CHECK(in_bash(sandbox, {"berth", "status", "--w"}) == Words{"--watch"});
  CHECK(in_bash(sandbox, {"berth", "restart", "web", ""}) == Words{"database", "web-search"});
  CHECK(in_bash(sandbox, {"berth", "explain", "da"}) == Words{"database"});
  CHECK(in_bash(sandbox, {"berth", "wait", "--for", ""}) == Words{"ready", "stopped"});
  CHECK(in_bash(sandbox, {"berth", "wait", "--for", "=", "st"}) == Words{"stopped"});
  CHECK(in_bash(sandbox, {"berth", "completion", "f"}) == Words{"fish"});
  CHECK(in_bash(sandbox, {"berth", "-c", "ber"}) == Words{"berth.toml"});
  CHECK(in_bash(sandbox, {"berth", "down", ""}).empty());
}

TEST_CASE("Completions read another file with -c, one that is broken, and none") {
  Sandbox sandbox;
  write_file(sandbox.file("other.toml"), "name = \"other\"\n[[servers]]\nname = \"alpha\"\ncommand = \"x\"\n");
  write_file(sandbox.file("broken.toml"), "[[servers]]\nname = \"beta\"\ncommand = [[[\n");
  CHECK(in_bash(sandbox, {"berth", "-c", "other.toml", "stop", ""}) == Words{"alpha"});
  CHECK(in_bash(sandbox, {"berth", "stop", "-c", "broken.toml", ""}) == Words{"beta"});
  CHECK(in_bash(sandbox, {"berth", "-c", "nowhere.toml", "stop", ""}).empty());
  CHECK(in_bash(sandbox, {"berth", "stop", ""}).empty());
}

TEST_CASE("Without a file the servers of a running project are completed") {
  Sandbox sandbox;
  three_servers(sandbox);
  sandbox.up();
  std::filesystem::rename(sandbox.config_path(), sandbox.file("elsewhere.toml"));
  CHECK(in_bash(sandbox, {"berth", "--runtime-dir", sandbox.runtime_dir().string(), "-p", sandbox.project(), "stop",
                          "d"}) == Words{"database"});
  std::filesystem::rename(sandbox.file("elsewhere.toml"), sandbox.config_path());
  sandbox.down();
}

TEST_CASE("fish completes commands, options and servers") {
  const std::string fish = shell_path("fish");
  if (fish.empty()) {
    WARN("skipped: there is no fish (scripts/setup --ci installs it)");
    return;
  }
  Sandbox sandbox;
  three_servers(sandbox);
  const auto in_fish = [&](const std::string& line) {
    auto plan = sandbox.plan(fish, {"--no-config", "-c", "berth completion fish | source; complete -C '" + line + "'"});
    put_on_path(sandbox, plan);
    plan.environment["HOME"] = sandbox.file("").string();
    const Result result = run(plan);
    INFO(result.err);
    CHECK(result.code == 0);
    return sorted_lines(result.out);
  };
  CHECK(in_fish("berth st") == Words{"start", "status", "stop"});
  CHECK(in_fish("berth status --w") == Words{"--watch"});
  CHECK(in_fish("berth restart web ") == Words{"database", "web-search"});
  CHECK(in_fish("berth wait --for s") == Words{"stopped"});
  CHECK(in_fish("berth -c ber") == Words{"berth.toml"});
}

TEST_CASE("zsh completes commands, options and servers") {
  const std::string zsh = shell_path("zsh");
  if (zsh.empty()) {
    WARN("skipped: there is no zsh (scripts/setup --ci installs it)");
    return;
  }
  Sandbox sandbox;
  three_servers(sandbox);
  auto plan = sandbox.plan(zsh, {"-f", "-i"});
  put_on_path(sandbox, plan);
  plan.environment["PS1"] = "$ ";
  plan.environment["HOME"] = sandbox.file("").string();
  Terminal terminal(plan, 24, 100);
  REQUIRE(terminal.shows("$"));
  // The words stand apart in what is typed, so that they are found only where they are printed.
  terminal.type("autoload -U compinit; compinit -u -D; source <(berth completion zsh); echo loa''ded\n");
  REQUIRE(terminal.shows("loaded"));
  const auto line_with = [&](const std::string& typed, const std::string& wanted) {
    terminal.type(typed + "\t");
    const bool shown = terminal.shows(wanted);
    INFO(terminal.screen().text());
    CHECK(shown);
    terminal.type("\x15\f");  // empties the line and the screen
    CHECK(terminal.until([&](const ScreenText& screen) { return screen.text().find(wanted) == std::string::npos; }));
  };
  line_with("berth sta", "status");  // and start
  line_with("berth expl", "berth explain");
  line_with("berth status --wa", "berth status --watch");
  line_with("berth restart da", "berth restart database");
  line_with("berth wait --for sto", "berth wait --for stopped");
  terminal.type("exit\n");
  CHECK(terminal.wait().has_value());
}

TEST_CASE("What the completions ask never fails loudly") {
  Sandbox sandbox;
  sandbox.write(std::string("this is no TOML"));
  for (const Arguments& words :
       {Arguments{}, Arguments{""}, Arguments{"no-such", ""}, Arguments{"status", "--no-such", ""},
        Arguments{"status", "--", "x", ""}, Arguments{"-c"}, Arguments{"-c", ""}, Arguments{"--color=", "status", "="},
        Arguments{"up", "--timeout", ""}, Arguments{"\x1b[31m"}}) {
    Arguments args{"__complete", "--"};
    args.insert(args.end(), words.begin(), words.end());
    const Result result = sandbox.berth(args);
    INFO(boost::json::serialize(boost::json::value_from(words)) << "\n" << result.out);
    CHECK(result.code == 0);
    CHECK(result.err.empty());
  }
}

}  // namespace e2e
