// What is said when something is wrong: what, where, why, and the next command to type.

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

void write_one_server(Sandbox& sandbox, const std::string& name = "web") {
  auto config = sandbox.config();
  config.server(name);
  sandbox.write(config);
}

void check_says(Sandbox& sandbox, const Arguments& args, int code, const std::vector<std::string>& words) {
  const Result result = sandbox.berth(args);
  std::string line;
  for (const std::string& word : args) line += " " + word;
  for (const std::string& word : words) {
    INFO("berth" << line << ": " << result.err << "wanted: " << word);
    CHECK(result.err.find(word) != std::string::npos);
  }
  INFO("berth" << line << ": " << result.err);
  CHECK(result.code == code);
  CHECK(result.out.empty());
  CHECK(result.err.starts_with("berth: "));
}

// A socket that nobody listens on, as one that was killed leaves it.
void leave_socket(const std::string& path) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof(address.sun_path));
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  ::close(fd);
}

}  // namespace

TEST_CASE("A mistyped command, option or value is answered with the nearest one") {
  Sandbox sandbox;
  write_one_server(sandbox);
  check_says(sandbox, {"statsu"}, 2, {"no command `statsu`", "did you mean `status`?", "`berth --help`"});
  check_says(sandbox, {"expl"}, 2, {"did you mean `explain`?"});
  check_says(sandbox, {"statsu", "web"}, 2, {"`statsu` (in `berth statsu web`)", "did you mean `status`?"});
  check_says(sandbox, {"status", "--wacth"}, 2, {"`berth status` has no option `--wacth`", "did you mean `--watch`?"});
  check_says(sandbox, {"--porject", "x", "status"}, 2, {"did you mean `--project`?"});
  check_says(sandbox, {"wait", "--for", "redy"}, 2,
             {"--for", "`redy` is not ready or stopped", "did you mean `ready`?"});
  check_says(sandbox, {"--color", "blue", "status"}, 2, {"`blue` is not auto, always or never"});
  check_says(sandbox, {"wait", "--timeout", "soon"}, 2, {"`soon` is no duration", "write 30s", "`berth wait --help`"});
  check_says(sandbox, {"completion", "ksh"}, 2, {"`ksh` is not bash, zsh or fish"});
}

TEST_CASE("A missing or superfluous argument is answered with the usage") {
  Sandbox sandbox;
  write_one_server(sandbox);
  check_says(sandbox, {"restart"}, 2, {"needs NAME", "the servers are: web", "Usage: berth restart NAME… [OPTIONS]"});
  check_says(sandbox, {"url", "web", "db"}, 2, {"only one NAME", "Usage: berth url NAME"});
  check_says(sandbox, {"down", "web"}, 2, {"takes no arguments", "`web`"});
}

TEST_CASE("Without a supervisor the next command is named, with the options of this one") {
  Sandbox sandbox;
  write_one_server(sandbox);
  const std::string start = "--runtime-dir " + sandbox.runtime_dir().string();
  check_says(sandbox, {"status"}, 4,
             {"no supervisor answers on " + sandbox.socket_path().string(), "up -d` starts one"});
  check_says(sandbox, {"-c", sandbox.config_path().string(), "events"}, 4,
             {"`berth -c " + sandbox.config_path().string(), "up -d` starts one"});
  leave_socket(sandbox.socket_path().string());
  check_says(sandbox, {"status"}, 4, {"left behind by one that was killed"});
  std::filesystem::remove(sandbox.socket_path());
  write_file(sandbox.socket_path(), "");
  check_says(sandbox, {"status"}, 4, {"that is no socket"});
}

TEST_CASE("A mistyped server is told from the configuration when no supervisor runs") {
  Sandbox sandbox;
  write_one_server(sandbox, "database");
  for (const char* command :
       {"status", "start", "stop", "restart", "wait", "explain", "url", "env", "inspect", "events"}) {
    check_says(sandbox, {command, "databse"}, 4, {"no server is called `databse`", "did you mean `database`?"});
  }
  check_says(sandbox, {"up", "-d", "databse"}, 2, {"no server is called `databse`", "did you mean `database`?"});
}

TEST_CASE("A mistyped server is told by the supervisor") {
  Sandbox sandbox;
  write_one_server(sandbox, "database");
  sandbox.up();
  for (const char* command :
       {"status", "start", "stop", "restart", "wait", "explain", "url", "env", "inspect", "events"}) {
    check_says(sandbox, {command, "databse"}, 2, {"no server is called `databse`", "did you mean `database`?"});
  }
  sandbox.down();
}

TEST_CASE("Other projects that run are named where one does not") {
  Sandbox sandbox;
  write_one_server(sandbox);
  sandbox.up();
  check_says(sandbox, {"-p", "another", "status"}, 4,
             {"Running here: " + sandbox.project(), "berth -p " + sandbox.project() + " status"});
  sandbox.down();
}

TEST_CASE("A configuration that is not there, cannot be read or is a folder says so and what to do") {
  Sandbox sandbox;
  const auto says = [&](const Arguments& args, const std::string& words) {
    const Result result = sandbox.berth(args);
    INFO(result.err);
    CHECK(result.code == 2);
    CHECK(result.err.find(words) != std::string::npos);
  };
  says({"up", "-d"}, "`berth init` writes");
  says({"-c", "nowhere.toml", "up", "-d"}, "nowhere.toml:1:1: error:");
  std::filesystem::create_directories(sandbox.file("folder"));
  says({"-c", "folder", "up", "-d"}, "folder");
  check_says(sandbox, {"-c", "nowhere.toml", "status"}, 4, {"no supervisor answers", "There is no file nowhere.toml"});
}

TEST_CASE("A second up names the first one's pid and what to do") {
  Sandbox sandbox;
  write_one_server(sandbox);
  sandbox.up();
  const auto pid = std::to_string(number(sandbox.status(), "pid"));
  check_says(sandbox, {"up", "-d"}, 1, {"pid " + pid, "status` shows it", "down` ends it"});
  check_says(sandbox, {"up"}, 1, {"pid " + pid, "down` ends it"});
  sandbox.down();
}

TEST_CASE("berth alone names three commands, and tells how things stand here") {
  Sandbox sandbox;
  const Result nothing = sandbox.berth({});
  CHECK(nothing.code == 0);
  for (const char* words : {"berth init", "up -d", "status", "there is no "}) {
    INFO(words << "\n" << nothing.out);
    CHECK(nothing.out.find(words) != std::string::npos);
  }
  CHECK(std::count(nothing.out.begin(), nothing.out.end(), '\n') <= 10);
  write_one_server(sandbox);
  CHECK(sandbox.berth({}).out.find("not running") != std::string::npos);
  sandbox.up({"--wait"});
  CHECK(sandbox.berth({}).out.find("1 of 1 servers ready") != std::string::npos);
  sandbox.down();
}

}  // namespace e2e
