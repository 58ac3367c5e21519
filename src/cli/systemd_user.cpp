#include "cli/systemd_user.hpp"

#include <charconv>
#include <sstream>
#include <tuple>

#include "cli/context.hpp"
#include "cli/run_program.hpp"

namespace berth::cli {

namespace {

Expected<ProgramResult, std::string> systemctl(const std::vector<std::string>& words) {
  std::vector<std::string> all{"systemctl", "--user", "--no-pager", "--no-ask-password"};
  all.insert(all.end(), words.begin(), words.end());
  return run_program(all);
}

// What went wrong.
std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

std::map<std::string, std::string> assignments(const std::string& text) {
  std::map<std::string, std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (equals != std::string::npos) found[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return found;
}

// `show-environment` prints a value that a shell would take apart as $'…'.
std::string plain(const std::string& value) {
  if (!value.starts_with("$'") || !value.ends_with('\'') || value.size() < 3) return value;
  std::string out;
  for (std::size_t i = 2; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Expected<SystemdUser, std::string> SystemdUser::find() {
  using Error = Unexpected<std::string>;
  const auto answer = systemctl({"show-environment"});
  if (!answer) return Error(answer.error());
  if (answer->code != 0) {
    const std::string why = last_line(answer->err);
    return Error(why.empty() ? "`systemctl --user` ended with code " + std::to_string(answer->code) : why);
  }
  SystemdUser manager;
  for (const auto& [name, value] : assignments(answer->out)) manager.environment_[name] = plain(value);
  return manager;
}

UnitState SystemdUser::show(const std::string& unit) const {
  UnitState state;
  const auto answer = systemctl({"show", unit,
                                 "--property=LoadState,UnitFileState,ActiveState,SubState,Result,StatusText,MainPID,"
                                 "NeedDaemonReload,ActiveEnterTimestampMonotonic"});
  if (!answer || answer->code != 0) return state;
  auto all = assignments(answer->out);
  state.loaded = all["LoadState"] == "loaded";
  state.enabled = all["UnitFileState"];
  state.active = all["ActiveState"];
  state.sub = all["SubState"];
  state.result = all["Result"];
  // systemd keeps the last words of one that has ended.
  if (state.active != "inactive" && state.active != "failed") state.says = all["StatusText"];
  state.needs_reload = all["NeedDaemonReload"] == "yes";
  if (const auto pid = number(all["MainPID"]); pid > 1) state.pid = static_cast<pid_t>(pid);
  const std::chrono::microseconds since(number(all["ActiveEnterTimestampMonotonic"]));
  if (state.active != "active" || since.count() <= 0) return state;
  using Wall = std::chrono::system_clock;
  const auto ago = std::chrono::steady_clock::now().time_since_epoch() - since;
  state.since = Wall::now() - std::chrono::duration_cast<Wall::duration>(ago);
  return state;
}

void SystemdUser::run(const std::vector<std::string>& words) const {
  const auto answer = systemctl(words);
  if (!answer) throw Stop{exit_failed, answer.error()};
  if (answer->code == 0) return;
  std::string line = "systemctl --user";
  for (const std::string& word : words) line += " " + word;
  const std::string why = last_line(answer->err);
  const std::string end = why.empty() ? " with code " + std::to_string(answer->code) : ": " + why;
  throw Stop{exit_failed, "`" + line + "` has failed" + end};
}

void SystemdUser::try_to_run(const std::vector<std::string>& words) const {
  std::ignore = systemctl(words);
}

}  // namespace berth::cli
