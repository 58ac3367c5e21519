#include "cli/complete.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/commands.hpp"
#include "cli/context.hpp"
#include "support/catch.hpp"

namespace berth::cli {
namespace {

using Words = std::vector<std::string>;

Completion at(const Words& words) {
  CLI::App app;
  Context context;
  declare_all(app, context);
  return complete(app, words, [] { return Words{"web", "web-search", "db"}; });
}

Words words_at(const Words& words) {
  Words found;
  for (const Candidate& candidate : at(words).candidates) found.push_back(candidate.word);
  return found;
}

}  // namespace

TEST_CASE("Commands are offered first, with their help") {
  CHECK(words_at({"resta"}) == Words{"restart"});
  CHECK(at({"resta"}).candidates.at(0).help == "Stop servers if they run, and start them");
  CHECK(words_at({""}).size() > 15);
  CHECK(words_at({"p"}) == Words{"ps", "ports"});
  CHECK(words_at({"__"}).empty());
  CHECK(words_at({"-q", "--color", "never", "dow"}) == Words{"down"});
}

TEST_CASE("Options are those of the command and the common ones") {
  CHECK(words_at({"up", "--de"}) == Words{"--detach"});
  CHECK(words_at({"up", "--col"}) == Words{"--color"});
  CHECK(words_at({"down", "--det"}).empty());
  CHECK(words_at({"--wat"}).empty());
}

TEST_CASE("An option's value is completed behind it, and after an equals sign") {
  CHECK(words_at({"wait", "--for", ""}) == Words{"ready", "stopped"});
  CHECK(words_at({"wait", "--for=r"}) == Words{"--for=ready"});
  CHECK(words_at({"--color", "a"}) == Words{"auto", "always"});
  CHECK(words_at({"up", "--timeout", ""}).empty());
  CHECK(at({"-c", ""}).files == Completion::Files::files);
  CHECK(at({"status", "--runtime-dir", ""}).files == Completion::Files::folders);
  CHECK(at({"check", ""}).files == Completion::Files::files);
}

TEST_CASE("Servers are offered where one is wanted, once each") {
  CHECK(words_at({"restart", ""}) == Words{"web", "web-search", "db"});
  CHECK(words_at({"restart", "web", ""}) == Words{"web-search", "db"});
  CHECK(words_at({"explain", "d"}) == Words{"db"});
  CHECK(words_at({"explain", "db", ""}).empty());
  CHECK(words_at({"ps", "--json", "d"}) == Words{"db"});
  CHECK(words_at({"down", ""}).empty());
  CHECK(words_at({"stop", "--", "d"}) == Words{"db"});
}

}  // namespace berth::cli
