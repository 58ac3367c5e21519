#include "chaos/report.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>

namespace chaos {
namespace {

constexpr std::size_t shown = 25;  // in full

std::string time_of_day() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  char text[16];
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::strftime(text, sizeof text, "%H:%M:%S", &parts);
  const std::string digits = std::to_string(1000 + ms);
  return std::string(text) + "." + digits.substr(1);
}

void print_table(std::ostream& out, const char* title, const std::map<std::string, long long>& rows) {
  out << title << "\n";
  for (const auto& [name, value] : rows) out << "  " << name << ": " << value << "\n";
}

}  // namespace

void Report::say(const std::string& line) const {
  if (verbose_) std::cerr << time_of_day() << "Z " << line << "\n";
}

void Report::did(const std::string& action, const std::string& whom) {
  ++actions_[action];
  say(whom.empty() ? action : action + ": " + whom);
}

void Report::highest(const std::string& fact, long long value) {
  auto& most = highest_[fact];
  most = std::max(most, value);
}

void Report::violated(const std::string& rule, const std::string& subject, const std::string& what,
                      const std::string& evidence) {
  count("violations");
  if (++seen_[rule + "\n" + subject] > 1) return;
  const std::string line = subject.empty() ? what : subject + ": " + what;
  violations_.push_back({rule, line, "at " + time_of_day() + "Z\n" + evidence});
  std::cerr << "VIOLATION " << rule << ": " << line << "\n";
}

void Report::print(std::ostream& out, std::uint64_t seed, int seconds) const {
  out << "\n==== chaos: seed " << seed << ", " << seconds << " s of unrest ====\n";
  print_table(out, "actions", actions_);
  print_table(out, "facts", facts_);
  print_table(out, "highest", highest_);
  for (const auto& [name, text] : notes_) out << name << ": " << text << "\n";
  for (std::size_t i = 0; i < violations_.size() && i < shown; ++i) {
    const Violation& one = violations_[i];
    out << "\n-- violation " << i + 1 << ": " << one.rule << "\n   " << one.what << "\n" << one.evidence << "\n";
  }
  if (violations_.size() > shown) out << "… and " << violations_.size() - shown << " more\n";
  out << (violations_.empty() ? "no violation\n" : "\nVIOLATIONS: " + std::to_string(violations_.size()) + "\n");
  out.flush();
}

}  // namespace chaos
