#include "cli/progress_lines.hpp"

#include "cli/documents.hpp"
#include "cli/text_width.hpp"
#include "support/catch.hpp"

namespace berth::cli::test {

TEST_CASE("A wait shows who is where") {
  ProgressView view;
  view.servers = {server("clock", "ready"),
                  server("npx", "starting", {{"pid", 7}, {"uptime_s", 41.0}, {"detail", "not ready yet"}}),
                  server("notes", "waiting", {{"detail", "waits for `npx`"}})};
  view.elapsed = 41.3;
  view.last_words["npx"] = "npm warn exec The following package was not found";
  const auto lines = progress_lines(view, {80, 24}, false, unicode_glyphs());
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "⠋ 1 of 3 ready, 41s");
  CHECK(lines[1] == "  ● clock  ready       1.8s  http://127.0.0.1:50000/mcp");
  CHECK(lines[2] == "  ⠋ npx    starting     41s  npm warn exec The following package was not found");
  CHECK(lines[3] == "  ◌ notes  waiting           waits for `npx`");
  view.over = true;
  CHECK(progress_lines(view, {80, 24}, false, unicode_glyphs())[0] == "✔ 1 of 3 ready, 41s");
}

TEST_CASE("Where there is no room, those that are there already go first") {
  ProgressView view;
  for (int i = 0; i < 30; ++i) view.servers.push_back(server("done-" + std::to_string(i), "ready"));
  view.servers.push_back(server("late", "starting"));
  for (std::size_t rows = 1; rows < 40; ++rows) {
    for (const std::size_t columns : {10U, 40U, 200U}) {
      const auto lines = progress_lines(view, {columns, rows}, true, unicode_glyphs());
      INFO(columns << "x" << rows);
      CHECK(lines.size() <= std::max<std::size_t>(rows, 4) - 1);
      for (const std::string& line : lines) CHECK(columns_of(line) < columns);
      if (columns < 40) continue;
      std::string all;
      for (const std::string& line : lines) all += line + "\n";
      CHECK(all.find("late") != std::string::npos);
      CHECK((lines.size() == 32 || all.find(" more") != std::string::npos));
    }
  }
}

TEST_CASE("For a log the same is one sentence") {
  ProgressView view;
  view.elapsed = 12;
  view.servers = {server("clock", "ready"), server("db", "waiting", {{"detail", "waits for `web`"}})};
  CHECK(progress_sentence(view) == "12s: 1 of 2 ready; db waiting (waits for `web`)");
  view.goal = Goal::stopped;
  CHECK(progress_sentence(view) == "12s: 1 of 2 stopped; clock ready (http://127.0.0.1:50000/mcp)");
}

}  // namespace berth::cli::test
