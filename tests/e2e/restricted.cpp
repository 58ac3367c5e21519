#include "e2e/restricted.hpp"

#include <unistd.h>

#include <algorithm>
#include <sstream>

namespace e2e {

namespace fs = std::filesystem;

Limit limit_of(pid_t pid, const std::string& name) {
  std::istringstream lines(read_file("/proc/" + std::to_string(pid) + "/limits"));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name)) continue;
    Limit limit;
    std::istringstream(line.substr(name.size())) >> limit.soft >> limit.hard;
    return limit;
  }
  return {};
}

pid_t supervisor_of(Sandbox& sandbox) {
  return static_cast<pid_t>(number(sandbox.status(), "pid"));
}

pid_t guardian_of(pid_t supervisor) {
  const std::string parent = "\nPPid:\t" + std::to_string(supervisor) + "\n";
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    const std::string status = read_file(entry.path() / "status");
    const bool lives = status.find("\nState:\tZ") == std::string::npos;
    if (lives && status.starts_with("Name:\tberth-guardian\n") && status.find(parent) != std::string::npos) {
      return static_cast<pid_t>(std::stol(entry.path().filename().string()));
    }
  }
  return 0;
}

ProgramPlan limited(Sandbox& sandbox, const std::string& limit, const Arguments& args) {
  Arguments all{limit, BERTH_PROGRAM};
  all.insert(all.end(), args.begin(), args.end());
  return sandbox.plan("/usr/bin/prlimit", all);
}

PlainUser::PlainUser(Sandbox& sandbox) : sandbox_(sandbox) {
  if (::geteuid() != 0) return;
  const int id = 100'000 + sandbox.port();  // no other test has this port
  id_ = std::to_string(id);
  const auto give = [&](const fs::path& path) {
    const auto user = static_cast<uid_t>(id);
    if (::chown(path.c_str(), user, user) != 0) why_not_ = "the sandbox cannot be given to another user";
  };
  const fs::path folder = sandbox.config_path().parent_path();
  give(folder);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) give(entry.path());
  // By way of a shell: setpriv(1) itself finds a program in a folder that only root may enter.
  const Result result = run("/bin/sh", {"-c", "exec \"$0\" version", BERTH_PROGRAM});
  if (result.code != 0) why_not_ = "another user cannot run this build of Berth: " + result.err;
}

ProgramPlan PlainUser::plan(const std::string& path, const Arguments& args) {
  if (id_.empty()) return sandbox_.plan(path, args);
  Arguments all{"--reuid=" + id_, "--regid=" + id_, "--clear-groups", path};
  all.insert(all.end(), args.begin(), args.end());
  return sandbox_.plan("/usr/bin/setpriv", all);
}

Result PlainUser::run(const std::string& path, const Arguments& args) {
  return harness::run(plan(path, args));
}

void PlainUser::set_limit(pid_t pid, const std::string& limit) {
  const Result result = run("/usr/bin/prlimit", {"--pid=" + std::to_string(pid), limit});
  INFO("prlimit " << limit << ": " << result.err);
  REQUIRE(result.code == 0);
}

bool all_settled(const Object& status) {
  const auto& servers = status.at("servers").as_array();
  return std::all_of(servers.begin(), servers.end(), [](const auto& server) {
    const std::string state = text(server.as_object(), "state");
    return state == "ready" || state == "backoff" || state == "crashloop";
  });
}

Arguments servers_in(const Object& status, const std::string& state) {
  Arguments names;
  for (const auto& server : status.at("servers").as_array()) {
    if (text(server.as_object(), "state") == state) names.push_back(text(server.as_object(), "name"));
  }
  return names;
}

namespace {

Arguments matching_lines(const Sandbox& sandbox, const Arguments& words) {
  Arguments found;
  std::istringstream lines(read_file(sandbox.log_dir() / "berth.log"));
  for (std::string line; std::getline(lines, line);) {
    const bool all = std::all_of(words.begin(), words.end(),
                                 [&](const std::string& word) { return line.find(word) != std::string::npos; });
    if (all) found.push_back(line);
  }
  return found;
}

}  // namespace

std::string log_line(const Sandbox& sandbox, const Arguments& words) {
  const Arguments found = matching_lines(sandbox, words);
  return found.empty() ? "" : found.front();
}

std::size_t log_lines(const Sandbox& sandbox, const Arguments& words) {
  return matching_lines(sandbox, words).size();
}

}  // namespace e2e
