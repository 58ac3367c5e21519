// `status --watch` on a terminal, and for a pipe.

#include <csignal>
#include <sstream>

#include "e2e/e2e.hpp"
#include "support/terminal.hpp"

namespace e2e {
namespace {

ConfigText two_servers(const Sandbox& sandbox) {
  auto config = sandbox.config();
  config.server("web");
  config.server("db");
  return config;
}

// `berth ARGS` as somebody has it who sits at a terminal that knows UTF-8.
ProgramPlan on_terminal(Sandbox& sandbox, const Arguments& args, const std::string& locale = "C.UTF-8") {
  ProgramPlan plan = sandbox.plan(BERTH_PROGRAM, args);
  plan.environment["TERM"] = "xterm-256color";
  plan.environment["LC_ALL"] = locale;
  plan.environment.erase("NO_COLOR");
  return plan;
}

bool gave_back(const Terminal& terminal) {
  return !terminal.screen().alternate() && terminal.screen().cursor_visible() && terminal.screen().wraps() &&
         terminal.is_cooked();
}

// A screen that somebody works with; the first frame has been drawn.
class Watching {
 public:
  explicit Watching(Sandbox& sandbox, int rows = 24, int columns = 80)
      : terminal(on_terminal(sandbox, {"status", "--watch"}), rows, columns) {
    INFO(terminal.screen().text());
    REQUIRE(terminal.shows("q quit"));
  }
  Terminal terminal;
};

TEST_CASE("A terminal that is closed ends a foreground up, and everything with it") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  Terminal terminal(on_terminal(sandbox, {"up"}), 24, 80);
  REQUIRE(terminal.shows("web is ready"));
  SECTION("and a SIGHUP before that is a reload") {
    config.server("more");
    sandbox.write(config);
    ::kill(terminal.pid(), SIGHUP);
    CHECK(terminal.shows("more is ready"));
  }
  SECTION("at once") {}
  terminal.hang_up();
  CHECK(eventually([&] { return sandbox.nothing_left(); }));
}

}  // namespace

TEST_CASE("status --watch has the whole screen, and gives the terminal back at q") {
  Sandbox sandbox;
  sandbox.write(two_servers(sandbox));
  sandbox.up({"--wait"});
  Watching watching(sandbox);
  Terminal& terminal = watching.terminal;
  CHECK(terminal.screen().alternate());
  CHECK_FALSE(terminal.screen().cursor_visible());
  CHECK_FALSE(terminal.is_cooked());
  const std::string screen = terminal.screen().text();
  INFO(screen);
  for (const char* words :
       {"● 2 ready", "NAME", "STATE", "PORT", "CPU", "MEMORY", "▸ web", "  db", "● ready", "http://127.0.0.1:"}) {
    INFO(words);
    CHECK(screen.find(words) != std::string::npos);
  }
  // A second document: how much memory there is, as a bar.
  CHECK(terminal.shows("▆▆"));
  terminal.type("q");
  CHECK(terminal.wait() == 0);
  CHECK(gave_back(terminal));
  sandbox.down();
}

TEST_CASE("The keys of status --watch select, restart, stop, start, explain and help") {
  Sandbox sandbox;
  sandbox.write(two_servers(sandbox));
  sandbox.up({"--wait"});
  Watching watching(sandbox);
  Terminal& terminal = watching.terminal;
  const auto before = number(sandbox.server("db"), "pid");

  terminal.type("j");
  REQUIRE(terminal.shows("▸ db"));
  terminal.type("r");
  sandbox.await("db", "ready with another pid", [&](const Object& server) {
    return text(server, "state") == "ready" && number(server, "pid") != before;
  });
  terminal.type("s");
  sandbox.await("db", "stopped");
  REQUIRE(terminal.shows("○ stopped"));
  REQUIRE(terminal.shows("s start"));
  terminal.type("s");
  sandbox.await("db", "ready");
  CHECK(text(sandbox.server("web"), "state") == "ready");

  terminal.type("\x1b[A");  // the arrow
  REQUIRE(terminal.shows("▸ web"));
  terminal.type("e");
  REQUIRE(terminal.shows("berth explain web"));
  REQUIRE(terminal.shows("web: ready"));
  terminal.type("q");
  REQUIRE(terminal.shows("▸ web"));
  terminal.type("?");
  REQUIRE(terminal.shows("select a server"));
  terminal.type("\x1b");
  REQUIRE(terminal.shows("▸ web"));
  terminal.type("l");
  REQUIRE(terminal.shows("log of web"));
  terminal.type("q");
  REQUIRE(terminal.shows("▸ web"));
  terminal.type("\x03");
  CHECK(terminal.wait() == 130);
  CHECK(gave_back(terminal));
  sandbox.down();
}

TEST_CASE("status --watch obeys the terminal's size") {
  Sandbox sandbox;
  sandbox.write(two_servers(sandbox));
  sandbox.up({"--wait"});
  Watching watching(sandbox, 24, 80);
  Terminal& terminal = watching.terminal;
  CHECK(terminal.screen().text().find("LAST EXIT") == std::string::npos);
  terminal.resize(50, 200);
  CHECK(terminal.shows("LAST EXIT"));
  CHECK(terminal.until([](const ScreenText& screen) { return screen.line(49).find("q quit") != std::string::npos; }));
  terminal.resize(8, 40);
  CHECK(terminal.until([](const ScreenText& screen) {
    return screen.text().find("LAST EXIT") == std::string::npos && screen.line(7).find("select") != std::string::npos;
  }));
  terminal.type("q");
  CHECK(terminal.wait() == 0);
  sandbox.down();
}

TEST_CASE("status --watch gives the terminal back while it is stopped, and at SIGTERM") {
  Sandbox sandbox;
  sandbox.write(two_servers(sandbox));
  sandbox.up({"--wait"});
  Watching watching(sandbox);
  Terminal& terminal = watching.terminal;
  terminal.type("\x1a");  // Ctrl-Z
  CHECK(terminal.until([&](const ScreenText& screen) { return !screen.alternate() && screen.cursor_visible(); }));
  REQUIRE(eventually([&] { return terminal.stopped(); }));
  CHECK(gave_back(terminal));
  ::kill(terminal.pid(), SIGCONT);
  CHECK(terminal.until([&](const ScreenText& screen) {
    return screen.alternate() && !screen.cursor_visible() && screen.text().find("▸ web") != std::string::npos;
  }));
  CHECK_FALSE(terminal.is_cooked());
  ::kill(terminal.pid(), SIGTERM);
  CHECK(terminal.wait() == 143);
  CHECK(gave_back(terminal));
  sandbox.down();
}

TEST_CASE("status --watch says that the supervisor has gone, and goes on when it is back") {
  Sandbox sandbox;
  sandbox.write(two_servers(sandbox));
  sandbox.up({"--wait"});
  Watching watching(sandbox);
  Terminal& terminal = watching.terminal;
  CHECK(sandbox.berth({"down"}).code == 0);
  CHECK(terminal.shows("the supervisor has gone"));
  sandbox.up({"--wait"});
  CHECK(terminal.shows("the supervisor is back"));
  CHECK(terminal.shows("● 2 ready"));
  terminal.type("q");
  CHECK(terminal.wait() == 0);
  sandbox.down();
}

TEST_CASE("Where the locale is not UTF-8 the screen is ASCII") {
  Sandbox sandbox;
  sandbox.write(two_servers(sandbox));
  sandbox.up({"--wait"});
  Terminal terminal(on_terminal(sandbox, {"status", "--watch"}, "C"), 24, 80);
  REQUIRE(terminal.shows("* ready"));
  terminal.type("q");
  CHECK(terminal.wait() == 0);
  for (const char c : terminal.all()) CHECK((static_cast<unsigned char>(c) < 0x80));
  sandbox.down();
}

TEST_CASE("A frame is one write, and only lines that change are written again") {
  Sandbox sandbox;
  sandbox.write(two_servers(sandbox));
  sandbox.up({"--wait"});
  Watching watching(sandbox);
  Terminal& terminal = watching.terminal;
  const std::size_t first = terminal.all().size();
  CHECK(terminal.until(
      [&](const ScreenText&) { return terminal.all().find("\x1b[?2026l", first) != std::string::npos; }));
  const std::string frame = terminal.all().substr(first);
  CHECK(frame.starts_with("\x1b[?2026h"));
  CHECK(frame.find("\x1b[2J") == std::string::npos);
  CHECK(frame.find("NAME") == std::string::npos);  // stands there already
  terminal.type("q");
  CHECK(terminal.wait() == 0);
  sandbox.down();
}

TEST_CASE("status --watch into a pipe is plain, and tells every change once") {
  Sandbox sandbox;
  sandbox.write(two_servers(sandbox));
  sandbox.up({"--wait"});
  Program tables = sandbox.start_berth({"status", "--watch"});
  Program documents = sandbox.start_berth({"status", "web", "--watch", "--json"});
  REQUIRE(eventually([&] { return !tables.out().empty() && !documents.out().empty(); }));
  CHECK(sandbox.berth({"stop", "web"}).code == 0);
  REQUIRE(eventually([&] {
    return tables.out().find(" stopped ") != std::string::npos &&
           documents.out().find("\"stopped\"") != std::string::npos;
  }));
  for (Program* program : {&tables, &documents}) {
    CHECK(program->out().find('\x1b') == std::string::npos);
    CHECK(program->err().empty());
    program->signal(SIGTERM);
    CHECK(program->wait().has_value());
  }
  std::istringstream lines(documents.out());
  std::size_t count = 0;
  std::string last;
  for (std::string line; std::getline(lines, line); ++count) {
    CHECK(is_one_json_document(line + "\n"));
    const auto state = text(boost::json::parse(line).at("servers").at(0).as_object(), "state");
    CHECK(state != last);
    last = state;
  }
  CHECK(count >= 2);
  CHECK(count <= 3);  // ready, perhaps stopping, stopped
  sandbox.down();
}

TEST_CASE("status --watch without a supervisor exits with 4 and leaves the screen alone") {
  Sandbox sandbox;
  sandbox.write(two_servers(sandbox));
  Terminal terminal(on_terminal(sandbox, {"status", "--watch"}), 24, 80);
  CHECK(terminal.wait() == 4);
  CHECK(terminal.all().find("\x1b[?1049h") == std::string::npos);
  CHECK(terminal.all().find("no supervisor answers") != std::string::npos);
}

TEST_CASE("On a terminal a wait shows who is where, and stays as it is in the end") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  config.server("slow").args({"--listen-when=" + gate(sandbox, "slow")});
  sandbox.write(config);
  Terminal terminal(on_terminal(sandbox, {"up", "-d", "--wait"}), 24, 80);
  REQUIRE(terminal.shows("1 of 2 ready"));
  REQUIRE(terminal.shows("slow  starting"));
  open_gate(sandbox, "slow");
  CHECK(terminal.wait() == 0);
  INFO(terminal.screen().text());
  CHECK(terminal.screen().text().find("✔ 2 of 2 ready") != std::string::npos);
  CHECK(terminal.screen().text().find("1 of 2 ready") == std::string::npos);
  CHECK(gave_back(terminal));

  CHECK(sandbox.berth({"down"}).code == 0);
}

TEST_CASE("On a terminal down shows who is still there, and then that all have stopped") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  config.server("slow").args({"--slow-stop-ms=1500"});
  sandbox.write(config);
  sandbox.up({"--wait"});
  Terminal terminal(on_terminal(sandbox, {"down"}), 24, 80);
  CHECK(terminal.shows("1 of 2 stopped"));
  CHECK(terminal.shows("slow  stopping"));
  CHECK(terminal.wait() == 0);
  INFO(terminal.screen().text());
  CHECK(terminal.screen().text().find("✔ 2 stopped") != std::string::npos);
  CHECK(terminal.screen().text().find("of 2 stopped") == std::string::npos);
  CHECK(sandbox.nothing_left());
}

TEST_CASE("A wait without a terminal says nothing, and under -v now and then a line") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("slow").args({"--listen-when=" + gate(sandbox, "slow")});
  sandbox.write(config);
  sandbox.up();
  Program quiet = sandbox.start_berth({"wait", "slow"});
  Program talking = sandbox.start_berth({"-v", "wait", "slow"});
  REQUIRE(eventually([&] { return !talking.err().empty(); }));
  CHECK(talking.err().find("slow starting") != std::string::npos);
  CHECK(talking.err().find('\x1b') == std::string::npos);
  open_gate(sandbox, "slow");
  CHECK(talking.wait() == Ended{0, 0});
  CHECK(quiet.wait() == Ended{0, 0});
  CHECK(quiet.err().empty());
  sandbox.down();
}

}  // namespace e2e
