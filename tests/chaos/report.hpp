#pragma once
// What a run has to say at its end.

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace chaos {

struct Violation {
  std::string rule;
  std::string what;
  std::string evidence;
};

class Report {
 public:
  explicit Report(bool verbose) : verbose_(verbose) {}

  void did(const std::string& action, const std::string& whom = {});
  void count(const std::string& fact, long long by = 1) { facts_[fact] += by; }
  void highest(const std::string& fact, long long value);
  void note(const std::string& fact, const std::string& text) { notes_.emplace_back(fact, text); }

  // One entry for each rule and subject; a second finding of the same is counted only.
  void violated(const std::string& rule, const std::string& subject, const std::string& what,
                const std::string& evidence);
  [[nodiscard]] bool clean() const { return violations_.empty(); }
  // For those who look on.
  void say(const std::string& line) const;

  void print(std::ostream& out, std::uint64_t seed, int seconds) const;

 private:
  bool verbose_;
  std::map<std::string, long long> actions_;
  std::map<std::string, long long> facts_;
  std::map<std::string, long long> highest_;
  std::vector<std::pair<std::string, std::string>> notes_;
  std::map<std::string, long long> seen_;  // by rule and subject
  std::vector<Violation> violations_;
};

}  // namespace chaos
