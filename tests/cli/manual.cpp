#include "cli/manual.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/commands.hpp"
#include "cli/context.hpp"
#include "cli/help.hpp"
#include "config/fields.hpp"
#include "config/manual.hpp"
#include "config/roff.hpp"
#include "support/catch.hpp"

namespace berth::cli {
namespace {

const std::filesystem::path docs = std::filesystem::path(BERTH_SOURCE_DIR) / "docs";

std::string page_of_program() {
  CLI::App app;
  Context context;
  declare_all(app, context);
  return manual_page(context, app);
}

std::string version_in(const std::string& page) {
  const auto at = page.find("\"Berth ");
  return page.substr(at + 7, page.find('"', at + 7) - at - 7);
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void compare_with(const std::filesystem::path& path, const std::string& text) {
  const char* regenerate = std::getenv("BERTH_REGENERATE");
  if (regenerate != nullptr && std::string_view(regenerate) == "1") {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  INFO("made from the tables of commands and keys: BERTH_REGENERATE=1 writes it anew");
  CHECK(read(path) == text);
}

// What a program prints about a page; empty when it finds nothing.
std::string said_by(const std::string& command) {
  std::string said;
  FILE* pipe = ::popen((command + " 2>&1 >/dev/null").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 512> part{};
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) said += part.data();
  ::pclose(pipe);
  return said;
}

bool there_is(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

}  // namespace

TEST_CASE("docs/berth.1 is what the table of commands makes") {
  compare_with(docs / "berth.1", page_of_program());
}

TEST_CASE("docs/berth.toml.5 is what the table of keys makes") {
  compare_with(docs / "berth.toml.5", config::manual_page(version_in(page_of_program())));
}

TEST_CASE("berth(1) has every command, option and example; berth.toml(5) every key") {
  CLI::App app;
  Context context;
  declare_all(app, context);
  const std::string page = manual_page(context, app);
  for (const CLI::App* command : shown_commands(app)) {
    INFO(command->get_name());
    CHECK(page.find(".SS \"" + config::roff(usage_line(*command)) + "\"") != std::string::npos);
    for (const OptionText& option : options_of(*command)) {
      CHECK(page.find(config::roff(option.names.back())) != std::string::npos);
    }
    for (const Example& example : entry_of(context, *command)->examples) {
      CHECK(page.find(config::roff_literal(example.line)) != std::string::npos);
    }
  }
  const std::string keys = config::manual_page("0");
  for (const config::Field& field : config::fields()) {
    INFO(config::dotted_name(field));
    CHECK(keys.find("\n.BR " + config::roff(field.key) + " ") != std::string::npos);
  }
}

TEST_CASE("mandoc and man have no fault to find with the manual pages") {
  for (const char* page : {"berth.1", "berth.toml.5"}) {
    const std::string file = (docs / page).string();
    if (there_is("mandoc")) {
      INFO(page);
      const std::string said = said_by("mandoc -T lint -W warning '" + file + "' | cat 1>&2");
      CHECK(said == "");
    } else {
      WARN("skipped: there is no mandoc (scripts/setup --ci installs it)");
    }
    if (there_is("man") && there_is("groff")) {
      INFO(page);
      CHECK(said_by("LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z '" + file + "'") ==
            "");
    } else {
      WARN("skipped: there is no man with groff (scripts/setup --ci installs them)");
    }
  }
}

TEST_CASE("What roff would take for its own is escaped") {
  CHECK(config::roff("`a-b` isn't …") == "\\fBa\\-b\\fR isn\\(aqt \\[u2026]");
  CHECK(config::roff(".TH\n'x \\n") == "\\&.TH\n\\&\\(aqx \\en");
  CHECK(config::roff_literal("`x` ~^") == "\\(gax\\(ga \\(ti\\(ha");
}

}  // namespace berth::cli
