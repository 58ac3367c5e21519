// What a child prints: taken, bounded, and told.

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

constexpr std::uintmax_t mebibyte = 1024 * 1024;

std::uintmax_t size_of_logs(const Sandbox& sandbox, const std::string& name) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(sandbox.log_dir())) {
    if (entry.path().filename().string().starts_with(name + ".log")) bytes += entry.file_size();
  }
  return bytes;
}

}  // namespace

TEST_CASE("A flood of output neither stops a server nor fills the disk") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--flood=8000000"}).set("log.max_size", "1MiB").set("log.files", 2);
  sandbox.write(config);
  sandbox.up({"--wait"});

  const bool all_taken = eventually([&] {
    return sandbox.berth({"logs", "web", "-n", "50"}).out.find("flood over") != std::string::npos;
  });
  CHECK(all_taken);
  CHECK(who_answers(sandbox.server("web")) == "web");
  // The current file and two rotated ones, each with room for the line that went over.
  CHECK(size_of_logs(sandbox, "web") <= 3 * mebibyte + 64 * 1024);
  sandbox.down();
}

TEST_CASE("An endless flood leaves Berth able to answer and to stop it") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--flood"}).set("log.max_size", "1MiB").set("log.files", 1);
  config.server("calm");
  sandbox.write(config);
  sandbox.up();

  sandbox.await("calm", "ready");
  sandbox.await("web", "ready");
  CHECK(who_answers(sandbox.server("calm")) == "calm");
  sandbox.down();
}

TEST_CASE("A server without stdio is a server") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--close-stdio"});
  sandbox.write(config);
  sandbox.up({"--wait"});

  CHECK(number(sandbox.server("web"), "starts") == 1);
  CHECK(who_answers(sandbox.server("web")) == "web");
  sandbox.down();
}

TEST_CASE("logs tells the two streams apart") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--flood=1000"});  // even numbers on stdout, odd ones on stderr
  sandbox.write(config);
  sandbox.up({"--wait"});

  const bool taken = eventually([&] {
    return sandbox.berth({"logs", "web", "-n", "100"}).out.find("flood over") != std::string::npos;
  });
  REQUIRE(taken);
  const std::string out = sandbox.berth({"logs", "web", "-n", "100", "--stream", "out"}).out;
  const std::string err = sandbox.berth({"logs", "web", "-n", "100", "--stream", "err"}).out;
  CHECK(out.find("flood 0 ") != std::string::npos);
  CHECK(out.find("flood 1 ") == std::string::npos);
  CHECK(err.find("flood 1 ") != std::string::npos);
  CHECK(err.find("flood 0 ") == std::string::npos);
  sandbox.down();
}

TEST_CASE("The last words of a child that dies at once are not lost") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--flood=100000", "--exit=3"}).set("backoff.initial", "10m").set("backoff.max", "10m");
  sandbox.write(config);
  sandbox.up();

  const Object exit = last_exit(sandbox.await("web", "backoff"));
  const std::string tail = boost::json::serialize(exit.at("output_tail"));
  CHECK(tail.find("flood over") != std::string::npos);
  sandbox.down();
}

TEST_CASE("A foreground up shows the output with the server's name") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--say=hello harbour"});
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});

  const bool shown = eventually([&] {
    const std::string out = up.out();
    const auto at = out.find("hello harbour");
    if (at == std::string::npos) return false;
    const auto line_start = out.rfind('\n', at) + 1;
    return out.substr(line_start, at - line_start).find("web") != std::string::npos;
  });
  CHECK(shown);
  CHECK(up.out().find("\x1b[") == std::string::npos);  // no terminal, no colour
  sandbox.down();
  CHECK(up.wait().has_value());
}

}  // namespace e2e
