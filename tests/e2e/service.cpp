// `berth service`, with a `systemctl` of the test's own, which writes down what it was told and answers as the test
// wants.

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

namespace fs = std::filesystem;

constexpr const char* fake_systemctl = R"(#!/bin/sh
# systemctl --user --no-pager --no-ask-password VERB …
shift 3
echo "$*" >>"$FAKE/calls"
[ -e "$FAKE/no-manager" ] && { echo 'Failed to connect to bus: No medium found' >&2; exit 1; }
[ -e "$FAKE/fails-$1" ] && { echo "It cannot $1." >&2; exit 1; }
case $1 in
  show) cat "$FAKE/state" ;;
  show-environment) cat "$FAKE/environment" ;;
  start) cat "$FAKE/after-start" >"$FAKE/state" ;;
esac
exit 0
)";

class Desk {
 public:
  Desk() {
    fs::create_directories(folder());
    write_file(folder() / "systemctl", fake_systemctl);
    ::chmod((folder() / "systemctl").c_str(), 0755);
    state("LoadState=not-found\nUnitFileState=\nActiveState=inactive\nSubState=dead\nMainPID=0\n");
    write_file(folder() / "after-start",
               "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\nMainPID=4711\n");
    write_file(folder() / "environment", "PATH=/usr/bin\nLANG=C.UTF-8\nFROM_MANAGER=$'a b'\n");
    auto config = sandbox.config();
    config.server("web");
    sandbox.write(config);
  }

  Sandbox sandbox;

  [[nodiscard]] fs::path folder() const { return sandbox.file("fake"); }
  [[nodiscard]] std::string unit_name() const { return "berth-" + sandbox.project() + ".service"; }
  [[nodiscard]] fs::path unit() const { return sandbox.file(".config/systemd/user/" + unit_name()); }
  void state(const std::string& text) const { write_file(folder() / "state", text); }
  void running(int pid) const {
    state(
        "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\nStatusText=1 of 1 ready\n"
        "MainPID=" +
        std::to_string(pid) + "\nNeedDaemonReload=no\nActiveEnterTimestampMonotonic=1000000\n");
  }
  void set(const std::string& name, const std::string& value) { more_[name] = value; }

  Result service(const Arguments& args) {
    Arguments all{"service"};
    all.insert(all.end(), args.begin(), args.end());
    auto plan = sandbox.plan(BERTH_PROGRAM, all);
    plan.environment["PATH"] = folder().string() + ":" + plan.environment["PATH"];
    plan.environment["FAKE"] = folder().string();
    for (const auto& [name, value] : more_) plan.environment[name] = value;
    return run(plan);
  }
  // What systemctl was told that changes anything, since the last question.
  [[nodiscard]] std::string changes() const {
    std::string found;
    std::ifstream calls(folder() / "calls");
    for (std::string line; std::getline(calls, line);) {
      if (!line.starts_with("show")) found += line + "\n";
    }
    fs::remove(folder() / "calls");
    return found;
  }

 private:
  std::map<std::string, std::string> more_;
};

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("service install writes the unit, enables and starts it, and says so") {
  Desk desk;
  const auto result = desk.service({"install"});
  INFO(result.out << result.err);
  REQUIRE(result.code == 0);
  CHECK(desk.changes() == "daemon-reload\nenable " + desk.unit_name() + "\nreset-failed " + desk.unit_name() +
                              "\nstart --no-block " + desk.unit_name() + "\n");
  const std::string text = read_file(desk.unit());
  INFO(text);
  CHECK(has(text, "ExecStart=" BERTH_PROGRAM " -c " + desk.sandbox.config_path().string()));
  CHECK(has(text, " --runtime-dir " + desk.sandbox.runtime_dir().string()));
  CHECK(has(text, " --log-dir " + desk.sandbox.log_dir().string()));
  CHECK(has(text, "\nEnvironment=PATH=" + desk.folder().string() + ":/usr/local/bin:/usr/bin:/bin\n"));
  CHECK(has(result.out, "wrote " + desk.unit().string()));
  CHECK(has(result.out, "journalctl --user -u " + desk.unit_name()));
}

TEST_CASE("service install once more changes nothing") {
  Desk desk;
  REQUIRE(desk.service({"install"}).code == 0);
  std::ignore = desk.changes();
  desk.running(4711);
  const auto written = fs::last_write_time(desk.unit());
  const auto again = desk.service({"install"});
  CHECK(again.code == 0);
  CHECK(desk.changes().empty());
  CHECK(fs::last_write_time(desk.unit()) == written);
  CHECK(has(again.out, "unchanged: "));

  // A change is written, and the service that runs is left alone.
  desk.set("BERTH_LOG_DIR", desk.sandbox.file("elsewhere").string());
  const auto changed = desk.service({"install"});
  CHECK(changed.code == 0);
  CHECK(desk.changes() == "daemon-reload\n");
  CHECK(has(changed.out, "systemctl --user restart " + desk.unit_name()));
}

TEST_CASE("service never touches a unit that it has not written") {
  Desk desk;
  fs::create_directories(desk.unit().parent_path());
  const std::string theirs = "[Service]\nExecStart=/bin/true\n";
  write_file(desk.unit(), theirs);
  for (const char* action : {"install", "remove"}) {
    const auto result = desk.service({action});
    CHECK(result.code == 1);
    CHECK(has(result.err, "was not written by `berth service`"));
    CHECK(read_file(desk.unit()) == theirs);
  }
  fs::remove(desk.unit());
  fs::create_symlink("/dev/null", desk.unit());  // masked
  CHECK(desk.service({"install"}).code == 1);
  CHECK(fs::is_symlink(desk.unit()));
  CHECK(desk.changes().empty());
}

TEST_CASE("service install checks the configuration first") {
  Desk desk;
  desk.sandbox.write("name = \"x\"\n[[servers]]\nnam = 1\n");
  const auto result = desk.service({"install"});
  CHECK(result.code == 2);
  CHECK(has(result.err, "berth.toml:"));
  CHECK_FALSE(fs::exists(desk.sandbox.file(".config")));
  CHECK(desk.changes().empty());
}

TEST_CASE("service install refuses while the project runs outside of systemd") {
  Desk desk;
  desk.sandbox.up();
  const auto refused = desk.service({"install"});
  CHECK(refused.code == 1);
  CHECK(has(refused.err, "runs already"));
  CHECK(has(refused.err, "down`"));
  CHECK_FALSE(fs::exists(desk.unit()));
  CHECK(desk.changes().empty());

  desk.running(static_cast<int>(number(desk.sandbox.status(), "pid")));  // as the service
  CHECK(desk.service({"install"}).code == 0);
  desk.sandbox.down();
}

TEST_CASE("service install says when the service, or systemctl, has failed") {
  Desk desk;
  write_file(desk.folder() / "after-start", "ActiveState=failed\nSubState=failed\nResult=exit-code\nMainPID=0\n");
  const auto result = desk.service({"install"});
  CHECK(result.code == 1);
  CHECK(has(result.err, "failed (exit-code)"));
  CHECK(has(result.err, "journalctl --user -u " + desk.unit_name()));

  write_file(desk.folder() / "fails-enable", "");
  const auto refused = desk.service({"install"});
  CHECK(refused.code == 1);
  CHECK(has(refused.err, "`systemctl --user enable " + desk.unit_name() + "` has failed: It cannot enable."));
}

TEST_CASE("Without a systemd for this user, service install says what else there is") {
  Desk desk;
  write_file(desk.folder() / "no-manager", "");
  const auto refused = desk.service({"install"});
  CHECK(refused.code == 1);
  CHECK(has(refused.err, "Failed to connect to bus"));
  CHECK(has(refused.err, "up -d"));
  CHECK_FALSE(fs::exists(desk.unit()));

  const auto written = desk.service({"install", "--no-start"});
  CHECK(written.code == 0);
  CHECK(fs::exists(desk.unit()));
  CHECK(has(written.out, "systemctl --user enable --now " + desk.unit_name()));

  const auto status = desk.service({"status"});
  CHECK(status.code == 3);
  CHECK(has(status.out, "Failed to connect to bus"));
  CHECK(desk.service({"remove"}).code == 0);
  CHECK_FALSE(fs::exists(desk.unit()));
}

TEST_CASE("service install --no-start enables and does not start") {
  Desk desk;
  const auto result = desk.service({"install", "--no-start"});
  CHECK(result.code == 0);
  CHECK(desk.changes() == "daemon-reload\nenable " + desk.unit_name() + "\n");
  CHECK(has(result.out, "did not start it"));
}

TEST_CASE("service install --print shows the unit and does nothing") {
  Desk desk;
  for (const char* option : {"--print", "--dry-run"}) {
    const auto result = desk.service({"install", option});
    CHECK(result.code == 0);
    CHECK(result.out.starts_with("# Written by `berth service install`"));
    CHECK(desk.changes().empty());
    CHECK_FALSE(fs::exists(desk.unit()));
  }
}

TEST_CASE("Variables that the configuration takes from the shell go along, secret ones only when asked for") {
  Desk desk;
  auto config = desk.sandbox.config();
  config.server("web").set("env.A", "${FROM_SHELL} ${FROM_MANAGER} ${NOT_SET:-x}").set("env.T", "${API_TOKEN}");
  desk.sandbox.write(config);
  desk.set("FROM_SHELL", "100% $x \"y\" \\z");
  desk.set("FROM_MANAGER", "a b");
  desk.set("API_TOKEN", "s3cret-value");
  const auto refused = desk.service({"install"});
  CHECK(refused.code == 2);
  CHECK(has(refused.err, "--env API_TOKEN"));
  CHECK_FALSE(has(refused.err, "s3cret-value"));
  CHECK_FALSE(fs::exists(desk.unit()));

  REQUIRE(desk.service({"install", "--env", "API_TOKEN"}).code == 0);
  const std::string text = read_file(desk.unit());
  INFO(text);
  CHECK(has(text, "\nEnvironment=\"FROM_SHELL=100%% $x \\\"y\\\" \\\\z\"\n"));
  CHECK(has(text, "\nEnvironment=API_TOKEN=s3cret-value\n"));
  CHECK_FALSE(has(text, "FROM_MANAGER"));
  CHECK_FALSE(has(text, "NOT_SET"));
  struct stat info {};
  REQUIRE(::stat(desk.unit().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(desk.service({"install", "--env", "NOT_SET"}).code == 2);

  // One that the manager has is no business of the unit's.
  write_file(desk.folder() / "environment", "API_TOKEN=another\n");
  REQUIRE(desk.service({"install"}).code == 0);
  CHECK_FALSE(has(read_file(desk.unit()), "API_TOKEN"));
}

TEST_CASE("service remove stops, disables and deletes, and is content with nothing") {
  Desk desk;
  const auto none = desk.service({"remove"});
  CHECK(none.code == 0);
  CHECK(has(none.out, "there was no "));
  CHECK(desk.changes().empty());

  REQUIRE(desk.service({"install"}).code == 0);
  std::ignore = desk.changes();
  CHECK(desk.service({"remove"}).code == 0);
  CHECK(desk.changes() ==
        "disable --now " + desk.unit_name() + "\ndaemon-reload\nreset-failed " + desk.unit_name() + "\n");
  CHECK_FALSE(fs::exists(desk.unit()));
}

TEST_CASE("service status tells what is installed, whether it runs, and what has drifted") {
  Desk desk;
  const auto none = desk.service({"status"});
  CHECK(none.code == 3);
  CHECK(has(none.out, "service install` writes " + desk.unit().string()));

  REQUIRE(desk.service({"install"}).code == 0);
  desk.sandbox.up();
  const int pid = static_cast<int>(number(desk.sandbox.status(), "pid"));
  desk.running(pid);
  const auto result = desk.service({"status", "--json"});
  INFO(result.out << result.err);
  CHECK(result.code == 0);
  REQUIRE(is_one_json_document(result.out));
  const auto document = boost::json::parse(result.out).as_object();
  CHECK(document.at("installed").as_bool());
  CHECK(document.at("current").as_bool());
  CHECK(document.at("enabled").as_bool());
  CHECK(text(document, "active") == "active");
  CHECK(text(document, "says") == "1 of 1 ready");
  CHECK(number(document, "main_pid") == pid);
  CHECK(text(document, "since").ends_with("Z"));
  CHECK(document.at("supervisor").as_object().at("is_the_service").as_bool());

  auto config = desk.sandbox.config();
  config.server("web");
  config.supervisor("shutdown_timeout", "2m");
  desk.sandbox.write(config);
  CHECK(has(desk.service({"status"}).out, "TimeoutStopSec is 45, not 135"));
  desk.running(4711);
  CHECK(has(desk.service({"status"}).out, "is not that of the service"));
  desk.state(
      "LoadState=loaded\nUnitFileState=enabled\nActiveState=inactive\nSubState=dead\n"
      "StatusText=going down, 1 of 1 left: web\nMainPID=0\n");
  CHECK_FALSE(has(desk.service({"status"}).out, "going down"));
  desk.sandbox.write("name = 7");
  CHECK(has(desk.service({"status", "-p", desk.sandbox.project()}).out, "the configuration is not valid"));
  desk.sandbox.write(config);
  desk.sandbox.down();
}

TEST_CASE("service refuses options that belong to another action") {
  Desk desk;
  CHECK(desk.service({"install", "--json"}).code == 2);
  CHECK(desk.service({"status", "--print"}).code == 2);
  CHECK(desk.service({"remove", "--no-start"}).code == 2);
  CHECK(desk.service({"instal"}).code == 2);
  CHECK(desk.service({}).code == 2);
  CHECK(desk.service({"install", "--now", "--no-start"}).code == 2);
}

}  // namespace e2e
