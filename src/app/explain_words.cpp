#include "app/explain_words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/words.hpp"

namespace berth::app {

using core::Cause;
using core::State;

std::string roughly(Milliseconds time) {
  const double seconds = std::max(0.0, std::chrono::duration<double>(time).count());
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.0f} h", seconds / 3600);
}

namespace {

Milliseconds from_seconds(double seconds) {
  return Milliseconds(static_cast<Milliseconds::rep>(seconds * 1000));
}

std::string times(unsigned count) {
  return count == 1 ? "once" : count == 2 ? "twice" : std::to_string(count) + " times";
}

std::string policy(RestartPolicy policy) {
  switch (policy) {
    case RestartPolicy::always: return "always";
    case RestartPolicy::on_failure: return "on-failure";
    case RestartPolicy::never: return "never";
  }
  return "?";
}

std::string start_it(const Situation& it) {
  return "`berth start " + it.config.name + "`";
}

std::string because(const Situation& it, const std::string& otherwise) {
  return it.message.empty() ? otherwise : it.message;
}

std::string why_stopped(const Situation& it) {
  if (it.status.starts > 0 || it.cause == Cause::stopped_by_user) return "it was asked to stop";
  if (!it.config.enabled) return "it is disabled (enabled = false), and nobody has started it";
  return "nobody has started it";
}

std::string why_ready(const Situation& it) {
  const std::string where = it.status.port ? " on port " + std::to_string(*it.status.port) : "";
  if (it.config.ready.probe == Probe::none) return "it runs; with ready.probe = \"none\" nothing else is asked of it";
  return "its own process tree listens" + where +
         (it.message.empty() ? it.answer.empty() ? "" : ", and " + it.answer : ", but " + it.message);
}

std::string why_starting(const Situation& it) {
  if (!it.message.empty()) return it.message;
  if (!it.status.pid) return "it is about to be launched";
  return it.status.port ? "it was launched, and does not serve on port " + std::to_string(*it.status.port) + " yet"
                        : "it was launched";
}

}  // namespace

std::string why(const Situation& it) {
  switch (it.state) {
    case State::stopped: return why_stopped(it);
    case State::waiting: return because(it, "it waits for its turn (supervisor.start_concurrency)");
    case State::starting: return why_starting(it);
    case State::ready: return why_ready(it);
    case State::unhealthy: return because(it, "it was ready, and does not serve any more");
    case State::backoff:
    case State::crashloop: {
      const bool counted = it.message.find("in a row") != std::string::npos || it.status.consecutive_failures < 2;
      const auto count = fmt::format("; {} failures in a row", it.status.consecutive_failures);
      return because(it, "it has failed") + (counted ? "" : count);
    }
    case State::stopping: return because(it, "it was asked to stop");
    case State::exited: return because(it, "it has ended by itself");
    case State::failed: return because(it, "it has failed for good");
  }
  return {};
}

bool asked_for_health(const Situation& it) {
  return it.config.health.probe != Probe::none && it.config.ready.probe != Probe::none;
}

std::string next(const Situation& it) {
  const std::string patience = it.give_up_in ? roughly(*it.give_up_in) : "";
  switch (it.state) {
    case State::stopped: return "nothing, until " + start_it(it);
    case State::waiting:
      return it.cause == Cause::dependency      ? "it starts as soon as that is so"
             : it.cause == Cause::port_conflict ? "it is launched on another port at once"
                                                : "it is launched as soon as others are ready";
    case State::starting:
      if (patience.empty()) return "its launch";
      if (it.cause == Cause::foreign_listener) {
        return "it is given " + roughly(core::Lifecycle::patience_with_stranger) +
               " in all to see for itself that the port is taken; then it moves to another";
      }
      if (it.cause == Cause::wrong_port) return "it fails for good in " + patience + " (ready.timeout)";
      return "ready when it " +
             std::string(it.config.ready.probe == Probe::none     ? "has lived for `ready.settle`"
                         : it.config.ready.probe == Probe::listen ? "listens there"
                                                                  : "listens there and answers") +
             "; given up in " + patience + " (ready.timeout)";
    case State::ready:
      return (asked_for_health(it) ? "it is asked every " + roughly(it.config.health.interval) + " (health.interval)"
                                   : std::string("it is left alone")) +
             "; should it end, it " +
             (it.config.restart == RestartPolicy::never        ? "stays down"
              : it.config.restart == RestartPolicy::on_failure ? "is started again, unless it ends with code 0"
                                                               : "is started again") +
             " (restart = \"" + policy(it.config.restart) + "\")";
    case State::unhealthy:
      if (it.pulse == core::Pulse::traced) return "ready again when the debugger lets go of it; it is not restarted";
      if (!asked_for_health(it)) return "ready again when it listens again (health.probe = \"none\": not restarted)";
      return fmt::format("ready again when it serves again; restarted after {} failed checks, {} apart (health.*)",
                         it.config.health.failures, roughly(it.config.health.interval));
    case State::backoff:
    case State::crashloop: {
      const auto wait = from_seconds(it.status.next_retry_in_s.value_or(0));
      std::string text = "it is launched again in " + roughly(wait);
      if (it.status.port) text += ", on the same port " + std::to_string(*it.status.port);
      if (it.config.backoff.give_up_after > 0) {
        text += fmt::format("; given up at {} failures in a row", it.config.backoff.give_up_after);
      }
      return text;
    }
    case State::stopping: {
      const std::string kill = it.kill_in ? "SIGKILL in " + roughly(*it.kill_in) + " to what is left; " : "";
      return kill + (it.status.wanted == "up" ? "then it is started again, if it may be" : "then it is stopped");
    }
    case State::exited: return "nothing (restart = \"" + policy(it.config.restart) + "\"), until " + start_it(it);
    case State::failed:
      return it.cause == Cause::dependency ? "it starts by itself when that is back" : "nothing, until " + start_it(it);
  }
  return {};
}

namespace {

std::string on_failure(const Situation& it) {
  const std::string read = "read its last output below; the whole of it is in " + it.log;
  switch (it.cause.value_or(Cause::crash)) {
    case Cause::crash: return read;
    case Cause::clean_exit: return "it ends with code 0, as if its work were done: " + read;
    case Cause::port_conflict:
      return "end the processes that hold the ports, or give Berth other ports ([ports] range, conflict.attempts)";
    case Cause::fixed_port_held: return "end the process that holds the port, or choose another `port`, or \"auto\"";
    case Cause::foreign_listener:
      return "nothing: when it cannot have this port, Berth starts it on the next one by itself";
    case Cause::not_listening:
      return "see that its HTTP mode is switched on (`args`), and that it listens on {port}; a stdio server needs a "
             "bridge; " +
             read;
    case Cause::wrong_port: return "tell it the port: args = [\"--port\", \"{port}\"], or its own word for that";
    case Cause::probe_failed:
      if (it.config.ready.probe == Probe::mcp) {
        return "see that it serves MCP at `path` = \"" + it.config.path + "\", and what it wants (`headers`); " + read;
      }
      return "it listens and does not answer HTTP: is it an HTTP server, on this port? " + read;
    case Cause::start_timeout: return "give it longer (ready.timeout), or see why it comes and goes: " + read;
    case Cause::unhealthy:
      if (it.pulse == core::Pulse::traced) return "detach the debugger";
      if (it.pulse == core::Pulse::stopped && it.status.pid) {
        return "`kill -CONT " + std::to_string(*it.status.pid) + "`, or let Berth restart it";
      }
      return read;
    case Cause::oom_killed:
      return it.config.limits.memory ? "raise limits.memory, or see why it needs so much: " + read
                                     : "it needs more memory than this machine, or its control group, has";
    case Cause::resource_limit:
      return it.state == State::failed ? "mend its `limits`, or the privileges of Berth; then " + start_it(it)
                                       : "raise that limit, or see why it needs so much: " + read;
    case Cause::command_not_found: return "install it, or write its whole path as `command`; then " + start_it(it);
    case Cause::not_executable: return "make it executable (chmod +x); then " + start_it(it);
    case Cause::bad_cwd: return "make that folder, or correct `cwd`; then " + start_it(it);
    case Cause::spawn_failed: return "nothing but making room: Berth tries again by itself";
    case Cause::port_range_exhausted: return "widen [ports] range, or stop something (`berth ports`)";
    case Cause::dependency:
      return "look at what it depends on first: " + [&] {
        std::string names;
        for (const std::string& name : it.config.depends_on)
          names += (names.empty() ? "" : ", ") + ("`berth explain " + name + "`");
        return names;
      }();
    case Cause::stopped_by_user: return {};
    case Cause::budget_spent: return read + "; then " + start_it(it);
  }
  return {};
}

}  // namespace

std::string advice(const Situation& it) {
  switch (it.state) {
    case State::stopped: return start_it(it) + " starts it";
    case State::ready:
      return it.status.restarts > 0 && it.status.consecutive_failures > 0
                 ? "it was restarted " + times(it.status.restarts) + "; its last exits are below"
             : it.message.find("what it served may be gone") != std::string::npos
                 ? "`berth restart " + it.config.name + "` starts both anew"
                 : "";
    case State::waiting: return it.cause == Cause::dependency ? on_failure(it) : "";
    case State::stopping: return it.cause && it.cause != Cause::stopped_by_user ? on_failure(it) : "";
    case State::starting: return it.cause ? on_failure(it) : "";
    case State::exited: return it.cause == Cause::clean_exit ? "" : on_failure(it);
    default: return on_failure(it);
  }
}

}  // namespace berth::app
