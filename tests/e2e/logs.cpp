// `berth logs`: what servers have said, from the supervisor and from the files, and in the foreground of `up`.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <csignal>
#include <sstream>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

// A server that says what `script` says, beside a hostile child that serves.
ServerText& speaker(ConfigText& config, const Sandbox& sandbox, const std::string& name, const std::string& script) {
  const std::string server = std::string(HOSTILE_PROGRAM) + " --tag=" + sandbox.project();
  return config.server(name).command("/bin/sh", {"-c", server + " & " + script + "; wait"});
}

// Says "word N", N = 1, 2 …, fifty times a second, for ever.
std::string counting(const std::string& word) {
  return "i=0; while :; do i=$((i+1)); echo " + word + " $i; sleep 0.02; done";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string logs(Sandbox& sandbox, Arguments args) {
  args.insert(args.begin(), "logs");
  const Result result = sandbox.berth(args);
  INFO("stderr: " << result.err);
  REQUIRE(result.code == 0);
  return result.out;
}

bool await_words(Sandbox& sandbox, const std::string& name, const std::string& words) {
  return eventually([&] { return sandbox.berth({"logs", name}).out.find(words) != std::string::npos; });
}

}  // namespace

TEST_CASE("logs tells the last words of a child that was killed, and so do its file and the exit report") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .command("/bin/sh", {"-c", "echo the very; printf 'last words'; kill -9 $$$$"})
      .set("backoff.initial", "10m")
      .set("backoff.max", "10m");
  sandbox.write(config);
  sandbox.up();
  const Object exit = last_exit(sandbox.await("web", "backoff"));
  CHECK(boost::json::serialize(exit.at("output_tail")).find("last words") != std::string::npos);
  CHECK(await_words(sandbox, "web", "the very\nlast words\n"));
  CHECK(sandbox.server_log("web").find(" out+ last words\n") != std::string::npos);
  sandbox.down();
  CHECK(logs(sandbox, {"web", "-n", "1"}) == "last words\n");
}

TEST_CASE("logs -f goes on through rotations and restarts, and ends with the supervisor, without a gap") {
  Sandbox sandbox;
  auto config = sandbox.config();
  speaker(config, sandbox, "web", counting("line")).set("log.max_size", "700B").set("log.files", 1000);
  sandbox.write(config);
  sandbox.up({"--wait"});
  Program follower = sandbox.start_berth({"logs", "web", "-f", "-n", "0"});
  const auto last = [&] {
    const auto lines = lines_of(follower.out());
    return lines.empty() ? 0 : std::stoi(lines.back().substr(5));
  };
  CHECK(eventually([&] { return last() > 40; }));
  REQUIRE(sandbox.berth({"restart", "web", "--wait"}).code == 0);
  const bool began_again =
      eventually([&] { return follower.out().find("\nline 1\n") != std::string::npos && last() > 5; });
  CHECK(began_again);
  CHECK(std::filesystem::exists(sandbox.log_dir() / "web.log.2"));
  sandbox.down();
  REQUIRE(follower.wait().has_value());
  CHECK(follower.err().empty());
  int before = 0;
  int restarts = 0;
  for (const std::string& line : lines_of(follower.out())) {
    if (!line.starts_with("line ")) continue;  // of the hostile child
    const int number = std::stoi(line.substr(5));
    if (before != 0 && number != before + 1) {
      CHECK(number == 1);
      ++restarts;
    }
    before = number;
  }
  CHECK(restarts == 1);
}

TEST_CASE("logs of several servers are merged by time, each line with its server's name") {
  Sandbox sandbox;
  auto config = sandbox.config();
  speaker(config, sandbox, "a", "echo one; sleep 0.6; echo three; sleep 0.6; echo five");
  speaker(config, sandbox, "longer", "sleep 0.3; echo two; sleep 0.6; echo four");
  sandbox.write(config);
  sandbox.up({"--wait"});
  CHECK(await_words(sandbox, "a", "five"));
  const auto numbers = [](const std::string& text) {
    std::string all;
    for (const std::string& line : lines_of(text)) {
      for (const char* word : {"one", "two", "three", "four", "five"}) {
        if (line.ends_with(std::string("| ") + word)) all += line.substr(0, line.find(' ')) + ":" + word + " ";
      }
    }
    return all;
  };
  const std::string expected = "a:one longer:two a:three longer:four a:five ";
  CHECK(numbers(logs(sandbox, {})) == expected);
  CHECK(numbers(logs(sandbox, {"longer", "a", "--color", "always"})).empty());
  CHECK(logs(sandbox, {"a", "--color", "always", "-n", "1"}) == "five\n");
  sandbox.down();
  CHECK(numbers(logs(sandbox, {})) == expected);  // from the files
}

TEST_CASE("logs --since tells what is newer, by a duration and by a time") {
  Sandbox sandbox;
  auto config = sandbox.config();
  speaker(config, sandbox, "web", "echo old; sleep 2; echo new");
  sandbox.write(config);
  sandbox.up({"--wait"});
  CHECK(await_words(sandbox, "web", "new"));
  std::string at;
  for (const Object& line : json_lines(logs(sandbox, {"web", "--json"}))) {
    CHECK(text(line, "server") == "web");
    if (text(line, "line") == "new") at = text(line, "at");
  }
  REQUIRE(at.size() == 24);
  CHECK(logs(sandbox, {"web", "--since", at}) == "new\n");
  CHECK(logs(sandbox, {"web", "--since", "1h"}).find("old\n") != std::string::npos);
  CHECK(logs(sandbox, {"web", "--since", "0s"}).empty());
  CHECK(sandbox.berth({"logs", "web", "--since", "yesterday"}).code == 2);
  sandbox.down();
  CHECK(logs(sandbox, {"web", "--since", at}) == "new\n");
}

TEST_CASE("No secret is in what logs says, from the supervisor and from the files") {
  Sandbox sandbox;
  auto config = sandbox.config();
  speaker(config, sandbox, "web", "echo the token is $API_TOKEN; echo end").set("env.API_TOKEN", "hunter2hunter2");
  sandbox.write(config);
  sandbox.up({"--wait"});
  CHECK(await_words(sandbox, "web", "end"));
  CHECK(sandbox.server_log("web").find("hunter2hunter2") != std::string::npos);
  for (const Arguments& args : {Arguments{"web"}, Arguments{"web", "--json"}, Arguments{"-n", "5"}}) {
    const std::string out = logs(sandbox, args);
    CHECK(out.find("the token is [redacted]") != std::string::npos);
    CHECK(out.find("hunter2") == std::string::npos);
  }
  sandbox.down();
  CHECK(logs(sandbox, {"web"}).find("the token is [redacted]") != std::string::npos);
}

TEST_CASE("logs needs a supervisor to follow, and a server that there is") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  CHECK(sandbox.berth({"logs", "web", "-f"}).code == 4);
  CHECK(sandbox.berth({"logs", "web"}).code == 0);
  CHECK(sandbox.berth({"logs", "wbe"}).code == 2);
  sandbox.up({"--wait"});
  const Result unknown = sandbox.berth({"logs", "wbe"});
  CHECK(unknown.code == 2);
  CHECK(unknown.err.find("web") != std::string::npos);
  sandbox.down();
}

TEST_CASE("A flood is followed by one who does not read, and holds up neither status nor another server's restart") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--flood"}).set("log.max_size", "1MiB").set("log.files", 1);
  config.server("calm");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("calm", "ready");
  const pid_t supervisor = static_cast<pid_t>(number(sandbox.status(), "pid"));

  // Asks for everything, and takes nothing.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = sandbox.socket_path().string();
  REQUIRE(path.size() < sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  const std::string request = "GET /v1/logs/web?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n";
  REQUIRE(::send(socket, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
  // The server floods on: its file is rotated again and again.
  const auto inode = [&] {
    struct stat info {};
    return ::stat((sandbox.log_dir() / "web.log").c_str(), &info) == 0 ? info.st_ino : 0;
  };
  for (int i = 0; i < 5; ++i) {
    const auto before = inode();
    const bool rotated = eventually([&] { return inode() != before; });
    CHECK(rotated);
  }
  for (int i = 0; i < 3; ++i) CHECK(sandbox.berth({"restart", "calm", "--wait"}).code == 0);
  CHECK(sandbox.berth({"status"}).code != 4);
#if defined(__SANITIZE_ADDRESS__)
  constexpr unsigned most_mib = 1024;  // what was freed is kept for a while
#else
  constexpr unsigned most_mib = 200;
#endif
  CHECK(rss(supervisor) < most_mib << 20U);

  // What it missed is counted when it reads at last.
  std::string told;
  const bool counted = eventually([&] {
    char block[65536];
    const ssize_t got = ::recv(socket, block, sizeof(block), 0);
    if (got > 0) told.append(block, static_cast<std::size_t>(got));
    return told.find("rotated away before they were read") != std::string::npos;
  });
  CHECK(counted);
  ::close(socket);
  sandbox.down();
}

TEST_CASE("A log that cannot be written is told of by status and logs, with what is missing, and is mended by itself") {
  Sandbox sandbox;
  auto config = sandbox.config();
  speaker(config, sandbox, "web", counting("line"));
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto log = sandbox.log_dir() / "web.log";
  std::filesystem::remove(log);
  std::filesystem::create_directory(log);
  const bool in_status = eventually(
      [&] { return text(sandbox.server("web"), "detail").find("web.log cannot be written") != std::string::npos; });
  CHECK(in_status);
  CHECK(sandbox.berth({"logs", "web"}).err.find("cannot be written") != std::string::npos);
  std::filesystem::remove(log);
  const bool noted =
      eventually([&] { return sandbox.server_log("web").find(" could not be written here: ") != std::string::npos; });
  CHECK(noted);
  const Result told = sandbox.berth({"logs", "web"});
  CHECK(told.err.find(" could not be written here: ") != std::string::npos);
  CHECK(told.out.find("could not be written") == std::string::npos);
  const bool mended =
      eventually([&] { return text(sandbox.server("web"), "detail").find("cannot be written") == std::string::npos; });
  CHECK(mended);
  // Every line is in the file or counted.
  const auto lines = lines_of(sandbox.server_log("web"));
  REQUIRE(lines.size() > 1);
  sandbox.down();
}

TEST_CASE("Logs are JSON objects, and so is Berth's own log, when they are to be") {
  Sandbox sandbox;
  auto config = sandbox.config();
  speaker(config, sandbox, "web", "echo 'a \"word\"'").set("log.format", "json");
  config.supervisor("log_format", "json").supervisor("log_level", "warn");
  sandbox.write(config);
  sandbox.up({"--wait"});
  CHECK(await_words(sandbox, "web", "a \"word\"\n"));
  bool found = false;
  for (const Object& line : json_lines(sandbox.server_log("web"))) found = found || text(line, "line") == "a \"word\"";
  CHECK(found);
  sandbox.down();
  const std::string own = read_file(sandbox.log_dir() / "berth.log");
  for (const Object& line : json_lines(own)) CHECK(text(line, "level") != "info");
}

TEST_CASE("A foreground up whose output nobody takes goes on, and says how much was not shown") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--flood=30000000"});
  sandbox.write(config);
  const auto pipe = sandbox.file("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(reader >= 0);
  Program up(
      sandbox.plan("/bin/sh", {"-c", std::string("exec ") + BERTH_PROGRAM + " up --color always >" + pipe.string()}));
  sandbox.await_supervisor();
  CHECK(await_words(sandbox, "web", "flood over"));
  sandbox.await("web", "ready");
  std::string shown;
  const bool told = eventually([&] {
    char block[65536];
    const ssize_t got = ::read(reader, block, sizeof(block));
    if (got > 0) shown.append(block, static_cast<std::size_t>(got));
    return shown.find("were not shown, because nobody read") != std::string::npos ||
           (sandbox.berth({"restart", "web"}).code != 0);
  });
  CHECK(told);
  CHECK(shown.find("\x1b[36mweb | \x1b[0mflood ") != std::string::npos);
  ::close(reader);
  sandbox.down();
}

}  // namespace e2e
