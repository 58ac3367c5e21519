// The units, as systemd itself reads them: `systemd-analyze` reads files and starts nothing. Skipped, with a word,
// where there is none.

#include <unistd.h>

#include <filesystem>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

namespace fs = std::filesystem;

constexpr const char* analyze_program = "/usr/bin/systemd-analyze";

bool have_analyze() {
  if (::access(analyze_program, X_OK) == 0) return true;
  WARN("skipped: there is no systemd-analyze");
  return false;
}

Result analyze(Sandbox& sandbox, const Arguments& args) {
  auto plan = sandbox.plan(analyze_program, args);
  fs::create_directories(sandbox.file("xdg"));
  fs::permissions(sandbox.file("xdg"), fs::perms::owner_all);
  plan.environment["XDG_RUNTIME_DIR"] = sandbox.file("xdg").string();
  return run(plan);
}

// With the program of this build in the place of the one that is to be installed.
fs::path with_program(Sandbox& sandbox, const fs::path& unit) {
  std::string text = read_file(unit);
  REQUIRE_FALSE(text.empty());
  for (const std::string key : {"\nExecStart=", "\nExecReload="}) {
    const auto found = text.find(key);
    REQUIRE(found != std::string::npos);
    const auto begin = found + key.size();
    const auto end = text.find(' ', begin);
    CHECK(text.substr(begin, end - begin).ends_with("/bin/berth"));
    text.replace(begin, end - begin, BERTH_PROGRAM);
  }
  const fs::path copy = sandbox.file("berth.service");
  write_file(copy, text);
  return copy;
}

void check_valid(Sandbox& sandbox, const fs::path& unit, const Arguments& more = {}) {
  Arguments args{"verify", "--man=no"};
  args.insert(args.end(), more.begin(), more.end());
  args.push_back(unit.string());
  const auto result = analyze(sandbox, args);
  INFO(result.out << result.err);
  CHECK(result.code == 0);
  // What it does not understand is ignored with a warning, and code 0.
  CHECK(result.err.find(unit.filename().string() + ":") == std::string::npos);
}

}  // namespace

TEST_CASE("systemd understands the unit for the whole system") {
  if (!have_analyze()) return;
  Sandbox sandbox;
  check_valid(sandbox, with_program(sandbox, fs::path(BERTH_UNITS) / "berth.service"));
}

TEST_CASE("systemd understands the unit for a user") {
  if (!have_analyze()) return;
  Sandbox sandbox;
  check_valid(sandbox, with_program(sandbox, fs::path(BERTH_UNITS) / "user/berth.service"), {"--user"});
}

TEST_CASE("The unit for the whole system is hardened, and stays so") {
  if (!have_analyze()) return;
  Sandbox sandbox;
  const auto unit = with_program(sandbox, fs::path(BERTH_UNITS) / "berth.service");
  const auto result = analyze(sandbox, {"security", "--offline=yes", "--threshold=45", unit.string()});
  INFO(result.out << result.err);
  CHECK(result.code == 0);
}

TEST_CASE("systemd understands what `service install` writes, whatever the paths hold") {
  if (!have_analyze()) return;
  Sandbox sandbox;
  const fs::path folder = sandbox.file("a b $HOME %n \"q\" \\ 'ü';");
  fs::create_directories(folder);
  auto config = sandbox.config();
  config.server("web").set("env.X", "${ODD}");
  write_file(folder / "berth.toml", config.text());
  auto plan = sandbox.plan(BERTH_PROGRAM, {"service", "install", "--print", "-c", (folder / "berth.toml").string()});
  plan.environment["ODD"] = "a\nb %h $HOME 'x' \"y\" \\";
  const auto printed = run(plan);
  INFO(printed.out << printed.err);
  REQUIRE(printed.code == 0);
  const fs::path unit = sandbox.file("berth-odd.service");
  write_file(unit, printed.out);
  check_valid(sandbox, unit, {"--user"});
}

}  // namespace e2e
