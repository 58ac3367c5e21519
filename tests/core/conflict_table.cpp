// The verdict, cell by cell. Each of the 640 combinations of evidence fits exactly one row of the table.

#include <array>
#include <string>
#include <vector>

#include "core/conflict.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

struct Row {
  const char* phase;     // before, after (ready)
  const char* ended;     // lives, code 0, code 1, signal; `ends`: any of the last three
  const char* holder;    // of the berth; `taken`: a stranger or unknown; `not taken`: the others
  const char* said;      // that the port was taken
  const char* listened;  // had listened on the berth in this run
  const char* elsewhere;
  const char* patience;  // yes: over
  Verdict verdict;
};

constexpr const char* any = "*";

const std::vector<Row>& table() {
  static const std::vector<Row> rows{
      // phase    ended     holder       said   listened elsewhere patience
      {"after", "lives", any, any, any, any, any, Verdict::wait},
      {"after", "code 0", any, any, any, any, any, Verdict::clean_exit},
      {"after", "code 1", any, any, any, any, any, Verdict::crash},
      {"after", "signal", any, any, any, any, any, Verdict::crash},

      {"before", "lives", "taken", "yes", any, any, any, Verdict::conflict},
      {"before", "lives", "taken", "no", any, "yes", any, Verdict::conflict},
      {"before", "lives", "taken", "no", any, "no", "yes", Verdict::conflict},
      {"before", "lives", "taken", "no", any, "no", "no", Verdict::foreign_listener},

      {"before", "lives", "not taken", any, "yes", any, any, Verdict::wait},
      {"before", "lives", "own hold", "yes", "no", any, "yes", Verdict::blocked_by_hold},
      {"before", "lives", "own hold", "yes", "no", "yes", "no", Verdict::wrong_port},
      {"before", "lives", "own hold", "yes", "no", "no", "no", Verdict::wait},
      {"before", "lives", "own hold", "no", "no", "yes", any, Verdict::wrong_port},
      {"before", "lives", "own hold", "no", "no", "no", any, Verdict::wait},
      {"before", "lives", "nobody", any, "no", "yes", any, Verdict::wrong_port},
      {"before", "lives", "nobody", "yes", "no", "no", "yes", Verdict::conflict_by_word},
      {"before", "lives", "nobody", "yes", "no", "no", "no", Verdict::wait},
      {"before", "lives", "nobody", "no", "no", "no", any, Verdict::wait},
      {"before", "lives", "own tree", any, "no", "yes", any, Verdict::wrong_port},
      {"before", "lives", "own tree", any, "no", "no", any, Verdict::wait},

      {"before", "ends", "taken", any, "no", any, any, Verdict::conflict},
      {"before", "ends", "own hold", "yes", "no", any, any, Verdict::blocked_by_hold},
      {"before", "ends", "nobody", "yes", "no", any, any, Verdict::conflict_by_word},
      {"before", "code 0", "own hold", "no", "no", any, any, Verdict::not_listening},
      {"before", "code 0", "nobody", "no", "no", any, any, Verdict::not_listening},
      {"before", "code 1", "own hold", "no", "no", any, any, Verdict::crash},
      {"before", "code 1", "nobody", "no", "no", any, any, Verdict::crash},
      {"before", "signal", "own hold", "no", "no", any, any, Verdict::crash},
      {"before", "signal", "nobody", "no", "no", any, any, Verdict::crash},
      // Its tree listens at this very moment, even if nobody had looked before.
      {"before", "code 0", "own tree", any, "no", any, any, Verdict::clean_exit},
      {"before", "code 1", "own tree", any, "no", any, any, Verdict::crash},
      {"before", "signal", "own tree", any, "no", any, any, Verdict::crash},
      // It had the berth once: whoever has it now came later.
      {"before", "code 0", any, any, "yes", any, any, Verdict::clean_exit},
      {"before", "code 1", any, any, "yes", any, any, Verdict::crash},
      {"before", "signal", any, any, "yes", any, any, Verdict::crash},
  };
  return rows;
}

const char* holder_word(Holder holder) {
  switch (holder) {
    case Holder::nobody: return "nobody";
    case Holder::own_hold: return "own hold";
    case Holder::own_tree: return "own tree";
    case Holder::stranger: return "stranger";
    case Holder::unknown: return "unknown";
  }
  return "?";
}

const char* end_word(const Evidence& e) {
  if (!e.ended) return "lives";
  if (e.ended->signal != 0) return "signal";
  return e.ended->code == 0 ? "code 0" : "code 1";
}

bool fits(const std::string& wanted, const char* found) {
  return wanted == any || wanted == found;
}
bool fits(const std::string& wanted, bool found) {
  return fits(wanted, found ? "yes" : "no");
}
bool fits_end(const std::string& wanted, const Evidence& e) {
  return wanted == "ends" ? e.ended.has_value() : fits(wanted, end_word(e));
}
bool fits_holder(const std::string& wanted, Holder holder) {
  const bool taken = holder == Holder::stranger || holder == Holder::unknown;
  if (wanted == "taken" || wanted == "not taken") return taken == (wanted == "taken");
  return fits(wanted, holder_word(holder));
}

bool covers(const Row& row, const Evidence& e) {
  return fits(row.phase, e.phase == Phase::before_ready ? "before" : "after") && fits_end(row.ended, e) &&
         fits_holder(row.holder, e.holder) && fits(row.said, e.said_taken) && fits(row.listened, e.had_listened) &&
         fits(row.elsewhere, e.elsewhere) && fits(row.patience, e.patience_over);
}

std::string text(const Evidence& e) {
  const auto flag = [](const char* name, bool value) { return std::string(value ? " " : " not ") + name; };
  return std::string(e.phase == Phase::before_ready ? "before ready" : "after ready") + ", " + end_word(e) +
         ", holder " + holder_word(e.holder) + "," + flag("said", e.said_taken) + flag("listened", e.had_listened) +
         flag("elsewhere", e.elsewhere) + flag("patience over", e.patience_over);
}

std::vector<Evidence> all_evidence() {
  const std::optional<ExitStatus> ends[] = {std::nullopt, ExitStatus{.code = 0}, ExitStatus{.code = 1},
                                            ExitStatus{.signal = 9}};
  std::vector<Evidence> all;
  for (const Phase phase : {Phase::before_ready, Phase::after_ready}) {
    for (const auto& ended : ends) {
      for (const Holder holder :
           {Holder::nobody, Holder::own_hold, Holder::own_tree, Holder::stranger, Holder::unknown}) {
        for (unsigned flags = 0; flags < 16; ++flags) {
          all.push_back({.phase = phase,
                         .ended = ended,
                         .holder = holder,
                         .said_taken = (flags & 1U) != 0,
                         .had_listened = (flags & 2U) != 0,
                         .elsewhere = (flags & 4U) != 0,
                         .patience_over = (flags & 8U) != 0});
        }
      }
    }
  }
  return all;
}

TEST_CASE("Each combination of evidence has exactly one row and the verdict of that row") {
  const auto all = all_evidence();
  CHECK(all.size() == 640);
  for (const Evidence& evidence : all) {
    INFO(text(evidence));
    std::size_t rows = 0;
    for (const Row& row : table()) {
      if (!covers(row, evidence)) continue;
      ++rows;
      INFO("expected " << to_string(row.verdict) << ", judged " << to_string(judge(evidence)));
      CHECK(judge(evidence) == row.verdict);
    }
    CHECK(rows == 1);
  }
}

TEST_CASE("Each row of the table is of use") {
  for (const Row& row : table()) {
    bool used = false;
    for (const Evidence& evidence : all_evidence()) used = used || covers(row, evidence);
    INFO(row.phase << " " << row.ended << " " << row.holder);
    CHECK(used);
  }
}

TEST_CASE("The code is a hint: no code but zero changes any verdict") {
  for (Evidence evidence : all_evidence()) {
    if (!evidence.ended || evidence.ended->code != 1) continue;
    const Verdict verdict = judge(evidence);
    for (const int code : {2, 98, 127, 137, 255}) {
      evidence.ended->code = code;
      CHECK(judge(evidence) == verdict);
    }
  }
}

TEST_CASE("A signal counts whatever stands beside it as a code") {
  CHECK_FALSE(ExitStatus{.code = 0, .signal = 15}.clean());
  CHECK(ExitStatus{}.clean());
  CHECK(judge({.ended = ExitStatus{.code = 0, .signal = 15}}) == Verdict::crash);
}

TEST_CASE("Verdicts have names") {
  CHECK(to_string(Verdict::conflict_by_word) == "conflict_by_word");
  CHECK(to_string(Verdict::blocked_by_hold) == "blocked_by_hold");
  CHECK(to_string(Verdict::crash) == "crash");
}

}  // namespace
}  // namespace berth::core::test
