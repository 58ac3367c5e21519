#include "support/sandbox.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <system_error>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/facts.hpp"
#include "support/proc.hpp"

namespace harness {
namespace {

namespace fs = std::filesystem;

fs::path make_folder() {
  char name[] = "/tmp/berth-e2e-XXXXXX";  // short: the control socket's path has 107 bytes at most
  if (::mkdtemp(name) == nullptr) throw std::system_error(errno, std::generic_category(), "mkdtemp");
  return name;
}

// Unique on the machine, as the folder's name is, and legal as a project's name.
std::string project_of(const fs::path& folder) {
  return "t" + folder.filename().string().substr(std::string("berth-e2e-").size());
}

std::string last_lines(const std::string& text, std::size_t bytes = 6000) {
  return text.size() <= bytes ? text : "…" + text.substr(text.size() - bytes);
}

std::optional<Object> parse_object(const std::string& text) {
  boost::json::error_code error;
  const auto value = boost::json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return value.get_object();
}

std::optional<Object> find_server(const Object& status, const std::string& name) {
  for (const auto& server : status.at("servers").as_array()) {
    if (text(server.as_object(), "name") == name) return server.as_object();
  }
  return std::nullopt;
}

}  // namespace

Sandbox::Sandbox(int ports)
    : ports_(free_port_range(ports)), folder_(make_folder()), exceptions_at_start_(std::uncaught_exceptions()) {
  project_ = project_of(folder_);
}

Sandbox::~Sandbox() {
  const bool failed =
      std::uncaught_exceptions() > exceptions_at_start_ || !Catch::getResultCapture().lastAssertionPassed();
  if (failed) show();
  kill_everything();
  std::error_code ignored;
  if (std::getenv("BERTH_TEST_KEEP") == nullptr) fs::remove_all(folder_, ignored);
}

std::string Sandbox::server_log(const std::string& name) const {
  return read_file(log_dir() / (name + ".log"));
}

void Sandbox::write(const ConfigText& config) const {
  write(config.text());
}
void Sandbox::write(const std::string& text) const {
  write_file(config_path(), text);
}

std::map<std::string, std::string> Sandbox::environment() const {
  std::map<std::string, std::string> variables{
      {"PATH", "/usr/local/bin:/usr/bin:/bin"},
      {"HOME", folder_.string()},
      {"LANG", "C.UTF-8"},
      {"BERTH_CONFIG", config_path().string()},
      {"BERTH_RUNTIME_DIR", runtime_dir().string()},
      {"BERTH_LOG_DIR", log_dir().string()},
      {"BERTH_TEST_SANDBOX", folder_.string()},
  };
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) variables[name] = value;
  }
  return variables;
}

ProgramPlan Sandbox::plan(const std::string& path, const Arguments& args) {
  ProgramPlan plan;
  plan.path = path;
  plan.args = args;
  plan.environment = environment();
  plan.folder = folder_;
  plan.output = folder_ / ("run-" + std::to_string(++runs_));
  return plan;
}

Result Sandbox::berth(const Arguments& args, std::chrono::milliseconds deadline) {
  const ProgramPlan planned = plan(BERTH_PROGRAM, args);
  Result result = run(planned, deadline);
  for (const char* end : {".out", ".err"}) fs::remove(planned.output.string() + end);
  return result;
}

Program Sandbox::start_berth(const Arguments& args) {
  return Program(plan(BERTH_PROGRAM, args));
}

void Sandbox::up(const Arguments& more) {
  Arguments args{"up", "--detach"};
  args.insert(args.end(), more.begin(), more.end());
  const Result result = berth(args);
  INFO("stdout: " << result.out << "\nstderr: " << result.err);
  REQUIRE(result.code == 0);
}

void Sandbox::down() {
  const Result result = berth({"down"});
  INFO("stdout: " << result.out << "\nstderr: " << result.err);
  REQUIRE(result.code == 0);
  INFO("left: " << describe_processes());
  REQUIRE(nothing_left());
}

Object Sandbox::status() {
  const Result result = berth({"status", "--json"});
  INFO("code " << result.code << "\nstdout: " << result.out << "\nstderr: " << result.err);
  REQUIRE((result.code == 0 || result.code == 3));
  last_status_ = result.out;
  auto document = parse_object(result.out);
  REQUIRE(document);
  return *std::move(document);
}

Object Sandbox::server(const std::string& name) {
  auto found = find_server(status(), name);
  INFO("no server " << name << " in " << last_status_);
  REQUIRE(found);
  return *std::move(found);
}

Object Sandbox::await(const std::string& name, const std::string& state, std::chrono::milliseconds deadline) {
  return await(
      name, "state " + state, [&state](const Object& server) { return text(server, "state") == state; }, deadline);
}

Object Sandbox::await(const std::string& name, const std::string& what, const std::function<bool(const Object&)>& is_so,
                      std::chrono::milliseconds deadline) {
  Object last;
  const bool happened = eventually(
      [&] {
        last = server(name);
        return is_so(last);
      },
      deadline);
  INFO("waited for " << name << ": " << what << "\nlast seen: " << boost::json::serialize(last));
  REQUIRE(happened);
  return last;
}

void Sandbox::await_supervisor() {
  const bool answers = eventually([this] {
    const int code = berth({"status", "--json"}).code;
    return code == 0 || code == 3;
  });
  REQUIRE(answers);
}

std::vector<pid_t> Sandbox::server_processes() const {
  return processes_with_marker("BERTH_PROJECT=" + project_, "--tag=" + project_);
}

std::vector<pid_t> Sandbox::all_processes() const {
  return processes_with_marker("BERTH_TEST_SANDBOX=" + folder_.string(), "--tag=" + project_);
}

std::string Sandbox::describe_processes() const {
  std::string words;
  for (const pid_t pid : all_processes()) words += std::to_string(pid) + " " + command_line(pid) + "\n";
  return words;
}

void Sandbox::kill_everything() const {
  eventually(
      [this] {
        const auto left = all_processes();
        for (const pid_t pid : left) ::kill(pid, SIGKILL);
        return left.empty();
      },
      10s);
}

void Sandbox::show() const {
  std::cerr << "\n==== sandbox " << folder_ << " ====\n---- last status\n"
            << last_status_ << "\n---- processes\n"
            << describe_processes();
  std::error_code ignored;
  std::vector<fs::path> files{config_path(), log_dir() / "berth.log"};
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    if (entry.path().filename().string().starts_with("run-")) files.push_back(entry.path());
  }
  for (const auto& entry : fs::directory_iterator(log_dir(), ignored)) {
    if (entry.path().filename() != "berth.log") files.push_back(entry.path());
  }
  for (const fs::path& path : files) {
    const std::string content = read_file(path);
    if (!content.empty()) std::cerr << "---- " << path.filename() << "\n" << last_lines(content) << "\n";
  }
  std::cerr << "==== end of sandbox ====\n";
}

}  // namespace harness
