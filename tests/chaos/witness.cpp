#include "chaos/witness.hpp"

#include <exception>

#include "support/facts.hpp"

namespace chaos {
namespace {

constexpr auto between_looks = 120ms;
constexpr auto longest_answer = 15s;

std::string head(const std::string& text) {
  return text.size() <= 1500 ? text : text.substr(0, 1500) + "…";
}

}  // namespace

void Witness::disturbed() {
  doubtful_ = true;
  suspects_.clear();
}

void Witness::pause() {
  paused_ = true;
  disturbed();
}

void Witness::resume() {
  paused_ = false;
  suspects_.clear();
  next_ = Clock::now();
}

void Witness::step() {
  if (asked_) {
    harvest();
  } else if (!paused_ && Clock::now() >= next_) {
    doubtful_ = false;
    asked_ = keeper_.start({"status", "--json"});
  }
}

void Witness::harvest() {
  const auto took = std::chrono::duration_cast<Milliseconds>(Clock::now() - asked_->since);
  const auto ended = asked_->program.wait(0ms);
  if (!ended && (took < longest_answer || doubtful_)) return;
  const auto answer = std::exchange(asked_, nullptr);
  keeper_.forget(answer->program.pid());
  next_ = Clock::now() + between_looks;
  if (doubtful_) return;
  if (!ended) {
    return accuse("status answers in time", nullptr,
                  "no answer within " + std::to_string(longest_answer.count()) + " s", keeper_.log_about(""));
  }
  report_.highest("status took ms", took.count());
  const std::string out = answer->program.out();
  if (ended->signal != 0 || (ended->code != 0 && ended->code != 3)) {
    return accuse("status answers", nullptr,
                  "code " + std::to_string(ended->code) + ", signal " + std::to_string(ended->signal),
                  answer->program.err() + keeper_.log_about(""));
  }
  try {
    if (!harness::is_one_json_document(out)) throw std::runtime_error("it is not one JSON document");
    judge(read_status(out, ended->code));
  } catch (const std::exception& error) {
    accuse("the status document", nullptr, error.what(), head(out));
  }
}

void Witness::judge(StatusView status) {
  if (last_ && last_->life != status.life) {
    suspects_.clear();
    last_.reset();
  }
  ++judged_;
  report_.count("status documents");
  check_document(world_, status, last(),
                 [&](const std::string& rule, const ServerView* server, const std::string& what) {
                   accuse(rule, server, what, "");
                 });
  if (last_) {
    for (const ServerView& server : status.servers) {
      const ServerView* before = last_->find(server.name);
      if (before == nullptr) continue;
      report_.count("launches seen", server.starts - before->starts);
      report_.count("restarts seen", server.restarts - before->restarts);
      report_.count("conflicts seen", server.conflicts - before->conflicts);
    }
  }
  report_.highest("dead ports", static_cast<long long>(status.dead_ports.size()));
  check_machine(status, Census::take(keeper_.marks()));
  last_ = std::move(status);
}

void Witness::doubt(const std::string& rule, const ServerView* server, const std::string& subject, bool bad,
                    const std::string& token, std::chrono::milliseconds grace, const std::string& what,
                    const std::string& facts) {
  const std::string key = rule + "\n" + subject;
  const auto found = suspects_.find(key);
  if (!bad) {
    if (found != suspects_.end()) suspects_.erase(found);
    return;
  }
  const auto now = Clock::now();
  if (found == suspects_.end() || found->second.token != token) {
    suspects_.insert_or_assign(key, Suspect{token, now, judged_, facts});
    return;
  }
  if (found->second.document == judged_ || now - found->second.since < grace) return;
  accuse(rule, server, what,
         " first seen " + std::to_string(std::chrono::duration_cast<Milliseconds>(now - found->second.since).count()) +
             " ms before, with\n" + found->second.evidence + " now\n" + facts);
}

void Witness::accuse(const std::string& rule, const ServerView* server, const std::string& what,
                     const std::string& facts) {
  std::string evidence = facts;
  if (server != nullptr) evidence = server->json + "\n" + facts + keeper_.log_about(server->name);
  report_.violated(rule, server != nullptr ? server->name : "", what, evidence);
}

}  // namespace chaos
