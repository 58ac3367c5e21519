#include "app/limit_words.hpp"

#include <fmt/format.h>

#include "core/words.hpp"

namespace berth::app {

namespace {

std::string memory_words(std::uint64_t bytes, const LimitMeans& means, const core::GroupCounts& counts) {
  const std::string text = "memory " + core::size_text(bytes);
  if (!means.launched) return text;
  if (!means.memory_by_group) return text + " (the data of each process, RLIMIT_DATA)";
  if (counts.memory_killed == 0) return text + " (control group)";
  return text +
         fmt::format(" (control group; {} ended by the kernel)",
                     counts.memory_killed == 1 ? "1 process" : fmt::format("{} processes", counts.memory_killed));
}

std::string process_words(unsigned most, const LimitMeans& means, const core::GroupCounts& counts) {
  const std::string text = "processes " + std::to_string(most);
  if (!means.launched) return text;
  if (!means.processes_by_group) {
    return text + (means.as_root ? " (does not hold: it runs as root, and there is no control group)"
                                 : " (RLIMIT_NPROC: all that its user runs is counted)");
  }
  if (counts.forks_refused == 0) return text + " (control group)";
  return text +
         fmt::format(" (control group; reached {} time{})", counts.forks_refused, counts.forks_refused == 1 ? "" : "s");
}

}  // namespace

std::vector<std::string> limit_words(const LimitsConfig& limits, const LimitMeans& means,
                                     const core::GroupCounts& counts) {
  std::vector<std::string> words;
  if (limits.memory) words.push_back(memory_words(*limits.memory, means, counts));
  if (limits.open_files) words.push_back(fmt::format("open files {} (each process)", *limits.open_files));
  if (limits.processes) words.push_back(process_words(*limits.processes, means, counts));
  if (limits.nice) words.push_back(fmt::format("nice {}", *limits.nice));
  if (!limits.user.empty()) words.push_back("user " + limits.user);
  if (!limits.group.empty()) words.push_back("group " + limits.group);
  if (limits.no_new_privs) words.emplace_back("no new privileges");
  return words;
}

std::string weakness_of_limits(const LimitsConfig& limits, const LimitMeans& means) {
  std::string text;
  if (limits.memory && !means.memory_by_group) {
    text = fmt::format("limits.memory = {} holds for the data of each of its processes (RLIMIT_DATA)",
                       core::size_text(*limits.memory));
  }
  if (limits.processes && !means.processes_by_group) {
    text += fmt::format("{}limits.processes = {} {}", text.empty() ? "" : ", and ", *limits.processes,
                        means.as_root ? "does not hold, as it runs as root"
                                      : "counts all that its user runs on this machine (RLIMIT_NPROC)");
  }
  return text.empty() ? "" : text + ": Berth has no control group with the controllers for the whole server";
}

}  // namespace berth::app
