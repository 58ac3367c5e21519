// Logs that cannot be written, for as long as that lasts, and a runtime dir that cannot be used.

#include <sys/stat.h>
#include <unistd.h>

#include "e2e/restricted.hpp"

namespace e2e {
namespace {

// Says `hello` five times a second, beside a server.
ServerText& talker(ConfigText& config, const Sandbox& sandbox, const std::string& options = {}) {
  const std::string server = std::string(HOSTILE_PROGRAM) + " --tag=" + sandbox.project() + options;
  const std::string line = "while sleep 0.2; do echo hello; done";
  return config.server("talker").command("/bin/sh", {"-c", server + " & " + line});
}

// Runs `script` where it can mount without anybody seeing it. It ends with 99 when something is not allowed.
ProgramPlan with_own_mounts(Sandbox& sandbox, const std::string& script) {
  const std::string own = ::geteuid() == 0 ? "-m" : "-Urm";
  return sandbox.plan("/usr/bin/unshare", {own, "/bin/sh", "-c", script});
}

bool can_mount(Sandbox& sandbox) {
  std::filesystem::create_directory(sandbox.file("trial"));
  const std::string trial = sandbox.file("trial").string();
  const std::string script = "mount -t tmpfs -o size=64k tmpfs " + trial + " && umount " + trial;
  return run(with_own_mounts(sandbox, script)).code == 0;
}

std::string log_of_talker(const Sandbox& sandbox) {
  return sandbox.server_log("talker");
}

// Two looks at the log: it grows.
void await_growth(const Sandbox& sandbox) {
  const auto before = log_of_talker(sandbox).size();
  const bool grows = eventually([&] { return log_of_talker(sandbox).size() > before; });
  CHECK(grows);
}

void await_log(const Sandbox& sandbox, const Arguments& words) {
  const bool found = eventually([&] { return log_lines(sandbox, words) > 0; });
  INFO("no line of berth.log has " << words.back());
  CHECK(found);
}

}  // namespace

TEST_CASE("A log that cannot be written is told of once, and once more when it can") {
  Sandbox sandbox;
  auto config = sandbox.config();
  talker(config, sandbox);
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto pid = number(sandbox.server("talker"), "pid");
  const auto log = sandbox.log_dir() / "talker.log";

  std::filesystem::remove(log);
  std::filesystem::create_directory(log);
  await_log(sandbox, {"talker.log cannot be written", "Is a directory"});
  std::filesystem::remove(log);
  await_log(sandbox, {"talker.log is written again", "bytes were dropped"});
  await_growth(sandbox);
  CHECK(log_lines(sandbox, {"talker.log cannot be written"}) == 1);
  CHECK(log_lines(sandbox, {"talker.log is written again"}) == 1);
  CHECK(number(sandbox.server("talker"), "pid") == pid);
  sandbox.down();
}

TEST_CASE("Logs come back after their folder was removed and the servers never notice") {
  Sandbox sandbox;
  auto config = sandbox.config();
  talker(config, sandbox);
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto pid = number(sandbox.server("talker"), "pid");

  std::filesystem::remove_all(sandbox.log_dir());
  const bool new_file = eventually([&] { return log_of_talker(sandbox).find("hello") != std::string::npos; });
  CHECK(new_file);
  const bool own_log = eventually([&] {
    REQUIRE(sandbox.berth({"restart", "web", "--wait"}).code == 0);
    return !log_line(sandbox, {"web is ready"}).empty();
  });
  CHECK(own_log);
  CHECK(number(sandbox.server("talker"), "pid") == pid);
  CHECK(number(sandbox.server("talker"), "starts") == 1);
  sandbox.down();
}

TEST_CASE("A log folder that may not be written to is survived and told of") {
  Sandbox sandbox;
  PlainUser user(sandbox);
  if (!user.possible()) {
    WARN("skipped: " << user.why_not());
    return;
  }
  auto config = sandbox.config();
  talker(config, sandbox);
  sandbox.write(config);
  const Result up = user.run(BERTH_PROGRAM, {"up", "--detach", "--wait"});
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
  const auto pid = number(sandbox.server("talker"), "pid");

  const auto log = sandbox.log_dir() / "talker.log";
  do {  // what is open stays open, and may be made anew before the folder is closed
    REQUIRE(::chmod(sandbox.log_dir().c_str(), 0700) == 0);
    std::filesystem::remove(log);
    REQUIRE(::chmod(sandbox.log_dir().c_str(), 0500) == 0);
  } while (std::filesystem::exists(log));
  await_log(sandbox, {"talker.log cannot be written", "Permission denied"});
  CHECK(number(sandbox.server("talker"), "pid") == pid);
  REQUIRE(::chmod(sandbox.log_dir().c_str(), 0700) == 0);
  await_log(sandbox, {"talker.log is written again"});
  await_growth(sandbox);
  sandbox.down();
}

TEST_CASE("A log that has reached the limit of a file's size ends neither Berth nor a server") {
  Sandbox sandbox;
  auto config = sandbox.config();
  talker(config, sandbox, " --flood=100000");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const pid_t supervisor = supervisor_of(sandbox);
  const auto pid = number(sandbox.server("talker"), "pid");
  const std::string before = limit_of(supervisor, "Max file size").soft;
  const auto limit_size = [&](const std::string& size) {
    const Result result =
        run(sandbox.plan("/usr/bin/prlimit", {"--pid=" + std::to_string(supervisor), "--fsize=" + size + ":"}));
    INFO("stderr: " << result.err);
    REQUIRE(result.code == 0);
  };
  const bool large = eventually([&] { return log_of_talker(sandbox).size() > 90'000; });
  REQUIRE(large);

  limit_size("50000");  // enough for berth.log
  await_log(sandbox, {"talker.log cannot be written", "File too large"});
  limit_size(before);
  await_log(sandbox, {"talker.log is written again"});
  await_growth(sandbox);
  CHECK(number(sandbox.server("talker"), "pid") == pid);
  CHECK(supervisor_of(sandbox) == supervisor);
  sandbox.down();
}

TEST_CASE("A full disk is survived and told of") {
  Sandbox sandbox;
  if (!can_mount(sandbox)) {
    WARN("skipped: this user cannot mount a small file system");
    return;
  }
  auto config = sandbox.config();
  const std::string server = std::string(HOSTILE_PROGRAM) + " --tag=" + sandbox.project();
  const std::string line = "while sleep 0.1; do echo hello " + std::string(500, 'x') + "; done";
  config.server("talker").command("/bin/sh", {"-c", server + " & " + line});
  config.server("web");
  sandbox.write(config);
  std::filesystem::create_directory(sandbox.log_dir());
  Program up(with_own_mounts(sandbox, "mount -t tmpfs -o size=128k tmpfs " + sandbox.log_dir().string() + " && exec " +
                                          BERTH_PROGRAM + " up"));
  sandbox.await_supervisor();
  sandbox.await("talker", "ready");
  sandbox.await("web", "ready");
  const auto pid = number(sandbox.server("talker"), "pid");
  // The folder as the supervisor sees it.
  const std::filesystem::path logs = "/proc/" + std::to_string(up.pid()) + "/root" + sandbox.log_dir().string();
  const auto said = [&](const std::string& words) {
    const std::string err = up.err();
    return err.find(words) != std::string::npos;
  };

  write_file(logs / "filler", std::string(1'000'000, 'x'));
  const bool told = eventually([&] { return said("talker.log cannot be written: No space left on device"); });
  CHECK(told);
  // Until berth.log has used up its last page too.
  for (int i = 0; i < 20; ++i) REQUIRE(sandbox.berth({"restart", "web", "--wait"}).code == 0);
  CHECK(text(sandbox.server("talker"), "state") == "ready");

  std::filesystem::remove(logs / "filler");
  const bool again = eventually([&] { return said("talker.log is written again"); });
  CHECK(again);
  const auto size = read_file(logs / "berth.log").size();
  const bool own_log = eventually([&] {
    REQUIRE(sandbox.berth({"restart", "web", "--wait"}).code == 0);
    const std::string log = read_file(logs / "berth.log");
    return log.size() > size && log.find("web is ready", size) != std::string::npos;
  });
  CHECK(own_log);
  CHECK(number(sandbox.server("talker"), "pid") == pid);
  CHECK(number(sandbox.server("talker"), "restarts") == 0);
  sandbox.down();
  CHECK(up.wait().has_value());
}

TEST_CASE("A runtime dir on a full disk is told by name, and used once there is room") {
  Sandbox sandbox;
  if (!can_mount(sandbox)) {
    WARN("skipped: this user cannot mount a small file system");
    return;
  }
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  std::filesystem::create_directory(sandbox.runtime_dir());
  const std::string berth = BERTH_PROGRAM;
  const std::string folder = sandbox.runtime_dir().string();
  const Result result = run(with_own_mounts(
      sandbox, "mount -t tmpfs -o size=4k,mode=700 tmpfs " + folder + " || exit 99\n" + "head -c 100000 /dev/zero > " +
                   folder + "/filler\n" + berth + " up -d; echo full: $?\n" + "rm " + folder + "/filler\n" + berth +
                   " up -d --wait; echo room: $?\n" + berth + " down; echo down: $?\n"));
  INFO("stderr: " << result.err);
  CHECK(result.out.find("full: 1\nroom: 0\ndown: 0\n") != std::string::npos);
  CHECK(result.err.find(folder) != std::string::npos);
  CHECK(result.err.find("No space left on device") != std::string::npos);
  CHECK(sandbox.nothing_left());
}

TEST_CASE("A /tmp that is read-only is told by name") {
  Sandbox sandbox;
  if (!can_mount(sandbox)) {
    WARN("skipped: this user cannot mount a small file system");
    return;
  }
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  const Result result = run(
      with_own_mounts(sandbox, std::string("mount --bind /tmp /tmp && mount -o remount,bind,ro /tmp || exit 99\n") +
                                   "unset BERTH_RUNTIME_DIR XDG_RUNTIME_DIR\nexec " + BERTH_PROGRAM + " up --detach"));
  if (result.code == 99) {
    WARN("skipped: /tmp cannot be made read-only: " << result.err);
    return;
  }
  INFO("stderr: " << result.err);
  CHECK(result.code == 1);
  CHECK(result.err.find("/tmp/berth-") != std::string::npos);
  CHECK(result.err.find("Read-only file system") != std::string::npos);
  CHECK(sandbox.nothing_left());
}

}  // namespace e2e
