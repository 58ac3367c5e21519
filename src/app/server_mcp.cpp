// What a server says of itself when it is asked as a client would ask.

#include <algorithm>
#include <utility>

#include "app/server.hpp"

namespace berth::app {

namespace {

// Some real servers take a second to answer `initialize`; the rest of `ready.timeout` is for trying again.
constexpr Milliseconds longest_handshake{10'000};
constexpr Milliseconds first_pause{250};
constexpr Milliseconds longest_pause{15'000};

}  // namespace

McpClient::Target Server::mcp_target() const {
  return {.approaches = run_->approaches,
          .port = run_->port,
          .path = config_->path,
          .headers = config_->headers,
          .redacted = [this](std::string_view text) { return redact_(text); },
          .client_version = harbour_.version};
}

// Again and again until it succeeds or `ready.timeout` is over, but ever less often: some servers refuse everybody
// after a score of questions that they did not like.
void Server::shake_hands() {
  auto target = mcp_target();
  const unsigned failures = run_->handshakes_failed;
  if (failures > 0) target.pause = std::min(first_pause * (1U << std::min(failures, 6U)), longest_pause);
  handshake_ = std::make_unique<McpClient>(harbour_.executor, std::move(target), longest_handshake,
                                           [this](const McpResult& result) {
                                             const auto finished = std::exchange(handshake_, nullptr);
                                             if (result.findings.outcome == core::McpFindings::Outcome::failed) {
                                               if (run_) ++run_->handshakes_failed;
                                               post(core::ProbeFailed{redact_(result.findings.message)});
                                             } else {
                                               if (run_) prefer_way(run_->url_host = result.host);
                                               post(core::ProbePassed{redact_(result.findings.message)});
                                             }
                                             learn(result);
                                           });
}

// Something has happened after which it may have other tools: asked once more, whatever comes of it.
void Server::ask_for_tools() {
  if (config_->ready.probe != Probe::mcp || handshake_ || inspection_ || run_->approaches.empty()) return;
  handshake_ =
      std::make_unique<McpClient>(harbour_.executor, mcp_target(), longest_handshake, [this](const McpResult& result) {
        const auto finished = std::exchange(handshake_, nullptr);
        learn(result);
      });
}

std::optional<std::string> Server::inspect(Milliseconds timeout, std::function<bool()> still_there, Inspected done) {
  const std::string name = "`" + config_->name + "`";
  const auto state = std::string(core::to_string(life_.state()));
  if (!run_ || !run_->leader_alive) return name + " is not running (" + state + ")";
  if (life_.phase() == core::PhaseKind::stopping) return name + " is being stopped";
  if (!run_->seen.own_here || run_->approaches.empty())
    return name + " does not listen on its port yet (" + state + ")";
  if (handshake_) return name + " is being asked already";
  std::erase_if(inspectors_, [](const Inspector& inspector) { return !inspector.still_there(); });
  const bool is_asked = inspection_ && !inspectors_.empty();
  inspectors_.push_back({std::move(still_there), std::move(done)});
  if (is_asked) return std::nullopt;
  inspection_ = std::make_unique<McpClient>(harbour_.executor, mcp_target(), timeout, [this](const McpResult& result) {
    if (run_ && result.findings.outcome != core::McpFindings::Outcome::failed) prefer_way(run_->url_host = result.host);
    learn(result);
    const auto finished = std::exchange(inspection_, nullptr);
    tell_inspectors(redacted(result), result.host.empty() ? host_for_urls() : result.host);
  });
  return std::nullopt;
}

McpResult Server::redacted(McpResult result) const {
  core::McpFindings& found = result.findings;
  found.message = redact_(found.message);
  for (auto* text : {&found.protocol, &found.name, &found.version}) {
    if (*text) *text = redact_(**text);
  }
  if (found.tools) {
    for (std::string& tool : *found.tools) tool = redact_(tool);
  }
  return result;
}

void Server::end_inspection(const std::string& why) {
  inspection_.reset();
  McpResult result;
  result.findings.message = why;
  tell_inspectors(result, host_for_urls());
}

void Server::tell_inspectors(const McpResult& result, const std::string& host) {
  for (const Inspector& inspector : std::exchange(inspectors_, {})) {
    inspector.done(result, run_ ? url(run_->port, host) : "");
  }
}

void Server::learn(const McpResult& result) {
  const core::McpFindings& found = result.findings;
  if (!run_ || !found.protocol) return;
  const auto clean = [this](const std::optional<std::string>& text) {
    return text ? std::optional(redact_(*text)) : std::nullopt;
  };
  // Whoever was too impatient has not learned that there are none.
  const auto known_tools = found.unanswered && run_->mcp ? run_->mcp->tools : std::nullopt;
  run_->mcp = McpFacts{.protocol = clean(found.protocol), .server = clean(found.name), .version = clean(found.version)};
  run_->mcp->tools = found.tools ? std::optional(found.tools->size()) : known_tools;
  harbour_.changed(index_);
  compare_tools(result);
}

// Against the list before, also of an earlier run: whoever uses these tools wants to know.
void Server::compare_tools(const McpResult& result) {
  const core::McpFindings& found = result.findings;
  std::string message;
  if (found.outcome == core::McpFindings::Outcome::ok && found.tools) {
    if (tools_) message = core::tools_changed(*tools_, *found.tools);
    tools_ = found.tools;
    said_no_tools_ = false;
  } else if (found.outcome == core::McpFindings::Outcome::failed && !found.unanswered && tools_ && !tools_->empty()) {
    if (!std::exchange(said_no_tools_, true)) message = "tools changed: it had some, and now " + found.message;
  }
  if (message.empty()) return;
  const auto state = life_.state();
  perform(core::Report{.from = state, .to = state, .message = message, .port = life_.port()});
}

}  // namespace berth::app
