#include "hostile/options.hpp"

#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

namespace hostile {
namespace {

[[noreturn]] void usage(std::string_view what) {
  std::fprintf(stderr, "hostile: bad option: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(64);
}

template <class Number>
Number to_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) usage(text);
  return value;
}

template <class Choice>
Choice choose(std::string_view word, const std::map<std::string_view, Choice>& choices) {
  const auto found = choices.find(word);
  if (found == choices.end()) usage(word);
  return found->second;
}

int to_signal(std::string_view text) {
  if (text.starts_with("SIG")) text.remove_prefix(3);
  static const std::map<std::string_view, int> names{{"TERM", SIGTERM}, {"KILL", SIGKILL}, {"SEGV", SIGSEGV},
                                                     {"ABRT", SIGABRT}, {"INT", SIGINT},   {"HUP", SIGHUP},
                                                     {"BUS", SIGBUS},   {"PIPE", SIGPIPE}, {"STOP", SIGSTOP}};
  const auto found = names.find(text);
  return found != names.end() ? found->second : to_number<int>(text);
}

OnBusy to_on_busy(std::string_view word) {
  return choose<OnBusy>(word, {{"exit1-message", OnBusy::exit1_message},
                               {"exit1-silent", OnBusy::exit1_silent},
                               {"exit2-message", OnBusy::exit2_message},
                               {"exit2-silent", OnBusy::exit2_silent},
                               {"exit0-lie", OnBusy::exit0_lie},
                               {"exit0-silent", OnBusy::exit0_silent},
                               {"shift", OnBusy::shift},
                               {"stay", OnBusy::stay},
                               {"stay-silent", OnBusy::stay_silent},
                               {"retry", OnBusy::retry}});
}

// Options that stay in force however often the program was started: --misbehave-times leaves them alone.
bool is_benign(std::string_view name) {
  static const std::map<std::string_view, bool> benign{
      {"--tag", true},        {"--say", true},          {"--bind", true},
      {"--fixed-port", true}, {"--print-env", true},    {"--print-args", true},
      {"--print-fds", true},  {"--stdin-report", true}, {"--listen-when", true}};
  return benign.contains(name);
}

// Counts the starts of this program in a file, one byte each: the memory that a crashing process does not have.
std::uint64_t count_start(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "a");
  if (file == nullptr) usage(path);
  std::fputc('.', file);
  const auto size = std::ftell(file);
  std::fclose(file);
  return static_cast<std::uint64_t>(size);
}

using Setter = std::function<void(Options&, std::string_view)>;

const std::map<std::string_view, Setter>& setters() {
  static const std::map<std::string_view, Setter> table{
      {"--ignore-sigterm", [](Options& o, auto) { o.ignore_sigterm = true; }},
      {"--slow-stop-ms", [](Options& o, auto v) { o.slow_stop_ms = to_number<int>(v); }},
      {"--exit", [](Options& o, auto v) { o.exit_code = to_number<int>(v); }},
      {"--exit-after-ms", [](Options& o, auto v) { o.exit_after_ms = to_number<int>(v); }},
      {"--listen-then-exit-ms", [](Options& o, auto v) { o.listen_then_exit_ms = to_number<int>(v); }},
      {"--exit-when", [](Options& o, auto v) { o.exit_when = v; }},
      {"--close-listener-when", [](Options& o, auto v) { o.close_listener_when = v; }},
      {"--abort", [](Options& o, auto) { o.kill_self = SIGABRT; }},
      {"--kill-self", [](Options& o, auto v) { o.kill_self = to_signal(v); }},
      {"--main-thread-ends", [](Options& o, auto) { o.main_thread_ends = true; }},
      {"--not-dumpable", [](Options& o, auto) { o.not_dumpable = true; }},
      {"--fixed-port", [](Options& o, auto v) { o.port = to_number<int>(v); }},
      {"--port-offset", [](Options& o, auto v) { o.port_offset = to_number<int>(v); }},
      {"--bind", [](Options& o, auto v) { o.bind = v; }},
      {"--no-reuseaddr", [](Options& o, auto) { o.reuse_address = false; }},
      {"--never-listen", [](Options& o, auto) { o.never_listen = true; }},
      {"--two-ports", [](Options& o, auto) { o.two_ports = true; }},
      {"--listen-delay-ms", [](Options& o, auto v) { o.listen_delay_ms = to_number<int>(v); }},
      {"--listen-when", [](Options& o, auto v) { o.listen_when = v; }},
      {"--close-listener-after-ms", [](Options& o, auto v) { o.close_listener_after_ms = to_number<int>(v); }},
      {"--on-busy", [](Options& o, auto v) { o.on_busy = to_on_busy(v); }},
      {"--http",
       [](Options& o, auto v) {
         o.http = choose<Http>(v, {{"200", Http::ok},
                                   {"401", Http::unauthorized},
                                   {"404", Http::not_found},
                                   {"500", Http::broken},
                                   {"503", Http::unavailable},
                                   {"silent", Http::silent},
                                   {"garbage", Http::garbage}});
       }},
      {"--silent-after", [](Options& o, auto v) { o.silent_after = to_number<int>(v); }},
      {"--block-when", [](Options& o, auto v) { o.block_when = v; }},
      {"--block-ms", [](Options& o, auto v) { o.block_ms = to_number<int>(v); }},
      {"--fork-grandchild", [](Options& o, auto) { o.fork_grandchild = true; }},
      {"--grandchild-keeps",
       [](Options& o, auto v) {
         o.grandchild_keeps = choose<GrandchildKeeps>(
             v,
             {{"port", GrandchildKeeps::port}, {"pipe", GrandchildKeeps::pipe}, {"nothing", GrandchildKeeps::nothing}});
       }},
      {"--grandchild-clears-env", [](Options& o, auto) { o.grandchild_clears_env = true; }},
      {"--grandchild-ignores-sigterm", [](Options& o, auto) { o.grandchild_ignores_sigterm = true; }},
      {"--as-grandchild", [](Options& o, auto) { o.as_grandchild = true; }},
      {"--eat-memory", [](Options& o, auto v) { o.eat_memory_mib = to_number<int>(v); }},
      {"--eat-files", [](Options& o, auto v) { o.eat_files = to_number<int>(v); }},
      {"--fork-many", [](Options& o, auto v) { o.fork_many = to_number<int>(v); }},
      {"--eat-when", [](Options& o, auto v) { o.eat_when = v; }},
      {"--close-stdio", [](Options& o, auto) { o.close_stdio = true; }},
      {"--flood",
       [](Options& o, auto v) {
         o.flood = true;
         if (!v.empty()) o.flood_bytes = to_number<std::uint64_t>(v);
       }},
      {"--say", [](Options& o, auto v) { o.say = v; }},
      {"--print-env", [](Options& o, auto) { o.print_env = true; }},
      {"--print-args", [](Options& o, auto) { o.print_args = true; }},
      {"--print-fds", [](Options& o, auto) { o.print_fds = true; }},
      {"--stdin-report", [](Options& o, auto) { o.stdin_report = true; }},
      {"--tag", [](Options& o, auto v) { o.tag = v; }},
  };
  return table;
}

struct Argument {
  std::string_view name;
  std::string_view value;
};

Argument split(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return {text, {}};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

Options parse(int argc, char** argv) {
  std::vector<Argument> arguments;
  std::string count_file;
  std::optional<std::uint64_t> misbehave_times;
  for (int i = 1; i < argc; ++i) {
    const Argument argument = split(argv[i]);
    if (argument.name == "--count-file") {
      count_file = argument.value;
    } else if (argument.name == "--misbehave-times") {
      misbehave_times = to_number<std::uint64_t>(argument.value);
    } else if (!setters().contains(argument.name)) {
      usage(argv[i]);
    } else {
      arguments.push_back(argument);
    }
  }
  const std::uint64_t starts = count_file.empty() ? 0 : count_start(count_file);
  const bool behaves = misbehave_times && starts > *misbehave_times;

  Options options;
  for (const Argument& argument : arguments) {
    if (behaves && !is_benign(argument.name)) continue;
    setters().at(argument.name)(options, argument.value);
  }
  return options;
}

}  // namespace hostile
