#include "cli/watch_screen.hpp"

#include <algorithm>

#include "cli/documents.hpp"
#include "cli/text_width.hpp"
#include "support/catch.hpp"

namespace berth::cli::test {
namespace {

WatchModel of_harbour() {
  WatchModel model;
  for (int second = 0; second < 5; ++second) {
    json::array servers = harbour();
    servers[0].as_object()["cpu_s"] = 0.5 * second;
    servers[0].as_object()["memory_bytes"] = 10'000'000 * (second + 1);
    model.take(document(servers, 3720 + second));
  }
  return model;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  return text;
}

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("The screen at 80x24") {
  CHECK(joined(watch_screen(of_harbour(), {{80, 24}, false, &unicode_glyphs()})) ==
        " my-tools  ● 1 ready  ◐ 1 starting  ↻ 1 backoff  ✗ 1 failed  ○ 1 stopped\n"
        "\n"
        "  NAME            STATE        PORT  UPTIME  CPU            MEMORY\n"
        "▸ clock           ● ready     50000   1m01s      ▅▅▅▅  50%     ▂▃▄▅▆   48M\n"
        "  notes           ↻ backoff   50001       -  retry in 14s: ended with code 3 be…\n"
        "  search-the-web  ◐ starting  50002    4.2s              -               -\n"
        "  missing         ✗ failed        -       -  no such command: `nope`\n"
        "  later           ○ stopped       -       -\n"
        "\n\n\n\n\n\n\n\n\n"
        "── clock ───────────────────────────────────────────────────────────────────────\n"
        "  url        http://127.0.0.1:50000/mcp\n"
        "  process    pid 4711, 3 processes, 1 start, 0 restarts, ready in 1.8s\n"
        "\n\n\n"
        " ↑↓ select  r restart  s stop  l logs  e explain  ? help  q quit\n");
}

TEST_CASE("On a wide screen nothing is left out") {
  const std::string screen = joined(watch_screen(of_harbour(), {{200, 50}, false, &unicode_glyphs()}));
  INFO(screen);
  for (const char* words :
       {"NAME", "STATE", "PID", "PORT", "UPTIME", "RESTARTS", "CPU", "MEMORY", "LAST EXIT", "DETAIL", "code 3 crash",
        "retry in 14s: ended with code 3 before it was ready", "pid 4242"}) {
    INFO(words);
    CHECK(has(screen, words));
  }
}

TEST_CASE("A screen of any size is full of lines that fit, in both sets of shapes") {
  WatchModel model = of_harbour();
  for (const int row : {0, 4}) {
    model.move(row);
    for (std::size_t columns = 10; columns <= 210; columns += 7) {
      for (std::size_t rows = 1; rows <= 40; ++rows) {
        for (const Glyphs* glyphs : {&unicode_glyphs(), &ascii_glyphs()}) {
          const auto lines = watch_screen(model, {{columns, rows}, true, glyphs});
          REQUIRE(lines.size() == rows);
          for (const std::string& line : lines) {
            INFO(columns << "x" << rows << ": " << line);
            REQUIRE(columns_of(line) <= columns);
          }
          if (glyphs == &unicode_glyphs()) continue;
          for (const std::string& line : lines) {
            REQUIRE(std::all_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
          }
        }
      }
    }
  }
}

TEST_CASE("The selected server is told about, and is always on the screen") {
  json::array many;
  for (int i = 0; i < 100; ++i) many.push_back(server("server-" + std::to_string(i), "ready"));
  WatchModel model;
  model.take(document(many));
  for (const int by : {0, 50, 49, -30}) {
    model.move(by);
    const std::string name(model.selected()->at("name").as_string());
    const std::string screen = joined(watch_screen(model, {{100, 24}, false, &unicode_glyphs()}));
    INFO(screen);
    CHECK(has(screen, "▸ " + name + " "));
    CHECK(has(screen, "── " + name + " ──"));
    CHECK(has(screen, " of 100"));
  }
  model.take(document(harbour()));
  model.move(-100);
  model.move(1);
  const std::string screen = joined(watch_screen(model, {{80, 24}, false, &unicode_glyphs()}));
  INFO(screen);
  CHECK(has(screen, "  why        crash: retry in 14s: ended with code 3 before it was ready"));
  CHECK(has(screen, "  last exit  code 3 crash: ended"));
  CHECK(has(screen, "  it said    the last line"));
}

TEST_CASE("s is said to start what is not wanted up") {
  WatchModel model;
  model.take(document({server("a", "stopped", {{"wanted", "down"}})}));
  CHECK(has(joined(watch_screen(model, {{80, 24}, false, &unicode_glyphs()})), "s start"));
}

TEST_CASE("That the supervisor has gone stands at the top, beside what was known last") {
  WatchModel model = of_harbour();
  model.lose("the supervisor has gone", 75);
  const auto lines = watch_screen(model, {{100, 24}, false, &unicode_glyphs()});
  CHECK(has(lines[0], "the supervisor has gone, for 1m15s; waiting for it"));
  CHECK(has(joined(lines), "clock"));
}

TEST_CASE("A project without servers is said to have none") {
  WatchModel model;
  model.take(document({}));
  CHECK(has(joined(watch_screen(model, {{80, 24}, false, &unicode_glyphs()})), "no servers"));
}

TEST_CASE("A sparkline shows what is known, newest last") {
  const auto& glyphs = unicode_glyphs();
  CHECK(sparkline({}, 3, 1, glyphs) == "   ");
  CHECK(sparkline({0.0, std::nullopt, 1.0}, 4, 1, glyphs) == " ▁ █");
  CHECK(sparkline({5.0, 0.0, 0.5, 1.0}, 3, 1, glyphs) == "▁▅█");
  CHECK(sparkline({7.0}, 1, 0, glyphs) == "▁");
}

TEST_CASE("A page shows a part of its text and where that is") {
  std::vector<std::string> text;
  for (int i = 1; i <= 50; ++i) text.push_back("line " + std::to_string(i));
  const ScreenLook look{{40, 10}, false, &unicode_glyphs()};
  CHECK(last_page(text, look) == 43);
  const auto page = page_screen("title", text, 43, "q back", look);
  REQUIRE(page.size() == 10);
  CHECK(page[2] == "line 44");
  CHECK(page[8] == "line 50");
  CHECK(page[9] == " q back  (line 44 of 50)");
  CHECK(page_screen("title", text, 999, "q back", look)[2] == "line 44");
}

}  // namespace berth::cli::test
