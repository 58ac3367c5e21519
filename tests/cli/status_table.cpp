#include "cli/status_table.hpp"

#include <set>
#include <sstream>

#include "cli/documents.hpp"
#include "support/catch.hpp"

namespace berth::cli::test {
namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

}  // namespace

TEST_CASE("For a program the table is plain and whole") {
  CHECK(status_table(harbour(), {}) ==
        "NAME            STATE      PID   PORT  UPTIME  RESTARTS  LAST EXIT     DETAIL\n"
        "clock           ready     4711  50000   1m01s         0  -             http://127.0.0.1:50000/mcp\n"
        "notes           backoff      -  50001       -        12  code 3 crash  retry in 14s: ended with code 3 before "
        "it was ready\n"
        "search-the-web  starting   812  50002    4.2s         0  -             not ready yet\n"
        "missing         failed       -      -       -         0  -             no such command: `nope`\n"
        "later           stopped      -      -       -         0  -\n");
}

TEST_CASE("On a terminal each state has a shape, and all fits the width") {
  for (const Glyphs* glyphs : {&unicode_glyphs(), &ascii_glyphs()}) {
    for (std::size_t width = 20; width <= 220; ++width) {
      const auto table = lines(status_table(harbour(), {width, true, glyphs}));
      REQUIRE(table.size() == 6);
      for (const std::string& line : table) {
        INFO(width << ": " << line);
        CHECK(columns_of(line) <= std::max<std::size_t>(width, 24));
        CHECK(line.find("\x1b[0m") != std::string::npos);
      }
    }
  }
  CHECK(lines(status_table(harbour(), {80, false, &unicode_glyphs()}))[4] ==
        "missing         ✗ failed        -       -         0  no such command: `nope`");
}

TEST_CASE("Columns that say least go first, and names of columns stay in their order") {
  std::size_t fewest = 9;
  for (std::size_t width = 200; width >= 40; width -= 10) {
    const std::string head = lines(status_table(harbour(), {width, false, &unicode_glyphs()}))[0];
    std::size_t count = 0;
    std::size_t last = 0;
    for (const char* name : {"NAME", "STATE", "PID", "PORT", "UPTIME", "RESTARTS", "LAST EXIT", "DETAIL"}) {
      const auto at = head.find(name);
      if (at == std::string::npos) continue;
      CHECK((at >= last));
      last = at;
      ++count;
    }
    INFO(width << ": " << head);
    CHECK(count <= fewest);
    fewest = count;
    CHECK(head.find("NAME") == 0);
    CHECK(head.find("STATE") != std::string::npos);
    CHECK(head.find("DETAIL") != std::string::npos);
  }
  CHECK(fewest < 6);
}

TEST_CASE("Without colour there is no escape sequence, and words of others bring none in") {
  const json::array servers{server("web", "failed", {{"detail", "\x1b[31mred\x07"}})};
  CHECK(status_table(servers, {100, false, &unicode_glyphs()}).find('\x1b') == std::string::npos);
  CHECK(status_table(servers, {}).find('\x1b') == std::string::npos);
}

TEST_CASE("Every state has its own shape in both sets") {
  for (const Glyphs* glyphs : {&unicode_glyphs(), &ascii_glyphs()}) {
    std::set<std::string_view> shapes;
    for (const char* state : {"stopped", "waiting", "starting", "ready", "unhealthy", "backoff", "crashloop",
                              "stopping", "exited", "failed"}) {
      INFO(state);
      CHECK(glyphs->of(state) != "?");
      CHECK(shapes.insert(glyphs->of(state)).second);
      CHECK(columns_of(glyphs->of(state)) == 1);
    }
  }
}

}  // namespace berth::cli::test
