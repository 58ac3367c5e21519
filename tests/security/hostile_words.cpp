// A server may say whatever it likes: what is shown of it neither steers a terminal nor looks like words of Berth.

#include <sstream>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

// For printf(1) of the shell: a title, colours, the clipboard, a line over this one, a C1 control, an override of the
// direction, a line that looks like one of a log, bytes that are no UTF-8, and a zero.
const std::string evil =
    R"(printf 'begin \033]0;title\007 \033[31mred \033[2J\033[H \033]52;c;aGk=\007 over\rwritten \302\233x )"
    R"(\342\200\256reversed \342\201\246isolated \377\376 \000 end\n2026-01-01T00:00:00.000Z err forged\n')";

bool steers_a_terminal(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n') || byte == 0x7F) return true;
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (byte == 0xC2 && next >= 0x80 && next < 0xA0) return true;
  }
  return text.find("\u202E") != text.npos || text.find("\u2066") != text.npos;
}

std::string serving(const Sandbox& sandbox) {
  return "exec " + std::string(HOSTILE_PROGRAM) + " --tag=" + sandbox.project();
}

}  // namespace

TEST_CASE("No view of Berth lets the words of a server steer a terminal") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").command("/bin/sh", {"-c", evil + "; " + serving(sandbox)});
  config.server("bad").command("/bin/sh", {"-c", evil + "; exit 3"});
  config.server("worse").command("/bin/sh", {"-c", evil + " >&2; exit 1"}).set("restart", "never");
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  sandbox.await_supervisor();
  sandbox.await("web", "ready");
  for (const std::string name : {"bad", "worse"}) {
    sandbox.await(name, "an exit", [](const Object& it) { return !is_null(it, "last_exit"); });
    REQUIRE(eventually([&] { return sandbox.berth({"logs", name}).out.find("begin") != std::string::npos; }));
  }
  for (const Arguments& view : {Arguments{"logs", "web"},
                                {"logs"},
                                {"logs", "--json"},
                                {"status"},
                                {"status", "--json"},
                                {"explain", "bad"},
                                {"explain", "bad", "--json"},
                                {"explain", "worse"},
                                {"events"},
                                {"ports"},
                                {"ports", "--json"}}) {
    const Result shown = sandbox.berth(view);
    INFO("berth " << view[0] << (view.size() > 1 ? " " + view[1] : "") << ": " << shown.out);
    CHECK_FALSE(shown.out.empty());
    CHECK_FALSE(steers_a_terminal(shown.out));
    CHECK_FALSE(steers_a_terminal(shown.err));
  }
  CHECK(up.out().find("forged") != std::string::npos);
  CHECK_FALSE(steers_a_terminal(up.out()));
  CHECK_FALSE(steers_a_terminal(up.err()));
  CHECK_FALSE(steers_a_terminal(read_file(sandbox.log_dir() / "berth.log")));
  CHECK(sandbox.berth({"down"}).code == 0);
  CHECK(up.wait().has_value());
}

TEST_CASE("A line that a server forges stands behind its own time and stream") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").command("/bin/sh", {"-c", evil + "; " + serving(sandbox)});
  sandbox.write(config);
  sandbox.up({"--wait"});
  REQUIRE(eventually([&] { return sandbox.server_log("web").find("forged\n") != std::string::npos; }));
  std::istringstream lines(sandbox.server_log("web"));
  int forged = 0;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    REQUIRE(line.size() > 29);
    CHECK(line.substr(23, 6) == "Z out ");
    forged += line.substr(29) == "2026-01-01T00:00:00.000Z err forged" ? 1 : 0;
  }
  CHECK(forged == 1);
  for (const Object& line : json_lines(sandbox.berth({"logs", "web", "--json"}).out))
    CHECK(text(line, "stream") == "out");
  sandbox.down();
}

TEST_CASE("A secret in a line that is too long for one piece is in no piece that is shown") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .command("/bin/sh",
               {"-c", "head -c 65530 /dev/zero | tr '\\0' x; echo \"$TOKEN\"; echo said; " + serving(sandbox)})
      .set("env_file", "secret.env");
  sandbox.write(config);
  write_file(sandbox.file("secret.env"), "TOKEN=sesame-open-the-door\n");
  sandbox.up({"--wait"});
  REQUIRE(eventually([&] { return sandbox.berth({"logs", "web"}).out.find("said") != std::string::npos; }));
  const auto hidden = [](const std::string& shown) {
    CHECK(shown.find("ses") == std::string::npos);
    CHECK(shown.find("the-door") == std::string::npos);
    CHECK(shown.find("[redacted]") != std::string::npos);
  };
  hidden(sandbox.berth({"logs", "web"}).out);
  hidden(sandbox.berth({"logs", "web", "--json"}).out);
  sandbox.down();
  hidden(sandbox.berth({"logs", "web"}).out);
}

}  // namespace e2e
