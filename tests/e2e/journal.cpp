// A foreground `up` whose output the journal of systemd reads.

#include <sys/stat.h>

#include <csignal>
#include <sstream>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

std::string stream_of(const std::filesystem::path& file) {
  struct stat info {};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) lines.push_back(line);
  return lines;
}

struct Outputs {
  std::string out;
  std::string err;
};

// A foreground `up`, until `web` is ready; the journal reads its file with this end of a name.
Outputs run_with_journal(Sandbox& sandbox, const std::string& journal) {
  auto plan = sandbox.plan(BERTH_PROGRAM, {"up", "--color", "always"});
  write_file(plan.output.string() + journal, "");  // it is opened then, and not made anew
  plan.environment["JOURNAL_STREAM"] = stream_of(plan.output.string() + journal);
  Program berth(plan);
  sandbox.await_supervisor();
  sandbox.await("web", "ready");
  CHECK(eventually([&] { return berth.out().find("<3>hello") != std::string::npos; }));
  berth.signal(SIGTERM);
  CHECK(berth.wait());
  return {berth.out(), berth.err()};
}

}  // namespace

TEST_CASE("What the journal reads of Berth's own words is a record a line, with its priority") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--say=<3>hello"});
  config.server("none").command("/no/such/program", {});
  sandbox.write(config);
  const auto outputs = run_with_journal(sandbox, ".err");
  INFO(outputs.err);
  CHECK(outputs.err.find("<6>web is ready on port") != std::string::npos);
  CHECK(outputs.err.find("<3>none is failed") != std::string::npos);
  CHECK(outputs.err.find('\x1b') == std::string::npos);
  for (const std::string& line : lines_of(outputs.err)) {
    INFO(line);
    const bool has_priority = line.size() > 3 && line[0] == '<' && line[1] >= '3' && line[1] <= '7' && line[2] == '>';
    CHECK(has_priority);
  }
  CHECK(outputs.out.find("<6>") == std::string::npos);  // that goes elsewhere
  CHECK(outputs.out.find('\x1b') != std::string::npos);
}

TEST_CASE("What the journal reads of the servers is information, whatever they say") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--say=<3>hello"});
  sandbox.write(config);
  const auto outputs = run_with_journal(sandbox, ".out");
  INFO(outputs.out);
  CHECK(outputs.out.find("<6>web | <3>hello\n") != std::string::npos);
  CHECK(outputs.out.find('\x1b') == std::string::npos);
  for (const std::string& line : lines_of(outputs.out)) CHECK(line.starts_with("<6>web | "));
  CHECK(outputs.err.find("<6>") == std::string::npos);
}

}  // namespace e2e
