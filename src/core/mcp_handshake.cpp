#include "core/mcp_handshake.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/utf8.hpp"

namespace berth::core {

namespace {

using Body = McpReply::Body;
using Trouble = McpReply::Trouble;
using Outcome = McpFindings::Outcome;

constexpr std::size_t longest_message = 300;

// Told by a server of 2026-07-28 alone: wrong headers, a capability that it needs, a version that it has not.
constexpr long long first_modern_error = -32029;
constexpr long long last_modern_error = -32020;
constexpr long long unsupported_version = -32022;

bool is_modern(long long code) {
  return first_modern_error <= code && code <= last_modern_error;
}

// ISO dates: the order of letters is that of time.
bool is_modern(const std::string& version) {
  return version.size() == modern_mcp.size() && version >= modern_mcp;
}

bool is_error_status(unsigned status) {
  return status >= 400;
}

std::string status_text(const McpReply& reply) {
  return std::to_string(reply.status) + (reply.reason.empty() ? "" : " " + cut(reply.reason, 60));
}

// "answers initialize with 400 Bad Request: No valid session"
std::string answers_with(std::string_view question, const McpReply& reply) {
  std::string text = "answers " + std::string(question) + " with ";
  if (reply.body == Body::error) {
    text += is_error_status(reply.status) ? status_text(reply) : "the error " + std::to_string(reply.error_code);
    return text + (reply.error_message.empty() ? "" : ": " + cut(reply.error_message, longest_message));
  }
  text += status_text(reply);
  if (is_error_status(reply.status)) return text;
  if (reply.body == Body::none) return text + " and no answer";
  return text + " and no MCP in it" + (reply.content_type.empty() ? "" : " (" + cut(reply.content_type, 60) + ")");
}

std::string troubled(std::string_view question, const McpReply& reply) {
  switch (reply.trouble) {
    case Trouble::unreachable: return "does not accept connections: " + cut(reply.trouble_text, longest_message);
    case Trouble::silent: return "does not answer " + std::string(question) + " " + reply.trouble_text;
    default:
      return "breaks off its answer to " + std::string(question) + ": " + cut(reply.trouble_text, longest_message);
  }
}

// Is POST perhaps not for here? One that misses the id of a session in a question that opens one is of the old
// transport too.
bool suggests_stream(const McpReply& reply) {
  if (reply.status == 404 || reply.status == 405) return true;
  if (reply.status != 400) return false;
  return reply.body != Body::error || reply.error_message.find("ession") != std::string::npos;
}

std::string_view question_of(McpMethod method) {
  switch (method) {
    case McpMethod::discover: return "server/discover";
    case McpMethod::initialize: return "initialize";
    case McpMethod::initialized: return "notifications/initialized";
    case McpMethod::list_tools: return "tools/list";
    case McpMethod::open_stream: return "GET for an event stream";
    case McpMethod::end_session: return "DELETE";
    case McpMethod::look: return "OPTIONS";
  }
  return "";
}

}  // namespace

McpHandshake::McpHandshake(std::size_t approaches, std::string path, bool has_credentials)
    : approaches_(approaches), path_(std::move(path)), has_credentials_(has_credentials), post_path_(path_) {
  if (approaches_ > 0) {
    go(Rung::discover);
  } else {
    fail("is nowhere to be reached");
  }
}

// ---- questions
// --------------------------------------------------------------------------------------------------------

void McpHandshake::go(Rung rung) {
  rung_ = rung;
  if (rung == Rung::over) return ask_.reset();
  McpAsk ask;
  ask.approach = approach_;
  ask.path = post_path_;
  ask.session = session_;
  ask.modern = findings_.modern;
  ask.on_stream = findings_.on_stream;
  if (!ask.on_stream) ask.version = version_;
  switch (rung) {
    case Rung::discover:
      ask.method = McpMethod::discover;
      ask.modern = true;
      ask.version = modern_mcp;
      break;
    case Rung::initialize: ask.method = McpMethod::initialize; break;
    case Rung::initialized: ask.method = McpMethod::initialized; break;
    case Rung::list:
      ask.method = McpMethod::list_tools;
      if (!cursors_.empty()) ask.cursor = cursors_.back();
      break;
    case Rung::stream:
      ask.method = McpMethod::open_stream;
      ask.path = path_;
      break;
    case Rung::elsewhere:
      ask.method = McpMethod::look;
      ask.path = paths_.back();
      break;
    case Rung::clean_up: ask.method = McpMethod::end_session; break;
    case Rung::over: break;
  }
  const bool is_request = rung == Rung::discover || rung == Rung::initialize || rung == Rung::list;
  if (is_request) ask.id = next_id_++;
  ask_ = std::move(ask);
}

void McpHandshake::abandon() {
  if (std::exchange(abandoned_, true) || rung_ == Rung::over || rung_ == Rung::clean_up) return;
  // Whether there is a session is told by the answer.
  if (rung_ == Rung::discover || (rung_ == Rung::initialize && !findings_.on_stream)) return;
  finish();
}

// ---- answers
// ----------------------------------------------------------------------------------------------------------

void McpHandshake::on(const McpReply& reply) {
  if (!ask_) return;
  const Rung rung = rung_;
  if (rung == Rung::initialize && session_.empty()) session_ = reply.session;
  if (rung == Rung::discover && !reply.session.empty()) strays_.push_back(reply.session);
  if (rung == Rung::clean_up) {
    session_.clear();
    return finish();
  }
  if (abandoned_) return finish();
  if (rung == Rung::elsewhere) return on_elsewhere(reply);
  if (handled_for_all(reply)) return;
  switch (rung) {
    case Rung::discover: return on_discover(reply);
    case Rung::initialize: return on_initialize(reply);
    case Rung::initialized:  // what it thinks of a notification, the next answer tells
      return findings_.tools ? finish() : go(Rung::list);
    case Rung::list: return on_list(reply);
    case Rung::stream: return on_stream(reply);
    default: return;
  }
}

// What means the same on every rung.
bool McpHandshake::handled_for_all(const McpReply& reply) {
  const auto question = question_of(ask_->method);
  const bool more_ways = approach_ + 1 < approaches_ && session_.empty();
  if (reply.trouble == Trouble::unreachable && !got_through_ && more_ways) {
    ++approach_;
    go(rung_);
    return true;
  }
  if (reply.trouble == Trouble::unreachable && refused_) {
    approach_ = refused_at_;
    McpReply refusal;
    refusal.status = *refused_;
    sign_in(refusal);
    return true;
  }
  if (reply.trouble != Trouble::none && reply.status == 0) {
    // Older servers have been seen to let lie what they do not know.
    if (rung_ == Rung::discover && reply.trouble != Trouble::unreachable) return false;
    findings_.unanswered = true;
    fail(troubled(question, reply));
    return true;
  }
  if ((reply.status == 403 || reply.status == 421) && more_ways && version_.empty()) {
    if (!refused_) refused_at_ = approach_;
    refused_ = reply.status;
    got_through_ = false;
    ++approach_;
    go(rung_);
    return true;
  }
  if (reply.status == 401 || reply.status == 403 || reply.status == 421) {
    if (refused_ && reply.status != 401) approach_ = refused_at_;
    sign_in(reply);
    return true;
  }
  got_through_ = true;
  if (reply.status >= 300 && reply.status < 400) {
    const bool to_path = reply.location.starts_with('/') && !reply.location.starts_with("//");
    fail("redirects " + path_ + " to `" + cut(reply.location, longest_message) + "` (" + status_text(reply) +
         "), which is not followed" + (to_path ? "; set `path` to that" : "; is it an MCP server?"));
    return true;
  }
  if (reply.status == 429) {
    fail(answers_with(question, reply) + ": it was asked too often");
    return true;
  }
  return false;
}

void McpHandshake::on_discover(const McpReply& reply) {
  if (reply.trouble != Trouble::none) {
    discovery_ = troubled("server/discover", reply);
    return go(Rung::initialize);
  }
  if (reply.body == Body::result && !is_error_status(reply.status)) {
    const auto& offered = reply.versions;
    const bool ours = std::ranges::find(offered, modern_mcp) != offered.end();
    const auto newer = std::ranges::find_if(offered, [](const std::string& v) { return is_modern(v); });
    if (ours || newer != offered.end()) {
      findings_.modern = true;
      version_ = ours ? std::string(modern_mcp) : cut(*newer, McpHandshake::longest_name);
      return introduced(reply);
    }
    return go(Rung::initialize);
  }
  if (reply.body == Body::error && is_modern(reply.error_code)) {
    const bool older_too = std::ranges::any_of(reply.versions, [](const std::string& v) { return !is_modern(v); });
    if (reply.error_code == unsupported_version && older_too) return go(Rung::initialize);
    return fail(answers_with("server/discover", reply));
  }
  // An overloaded one is not asked more; one that falls over a question it does not know may know the older one.
  if (reply.status == 502 || reply.status == 503 || reply.status == 504) {
    return fail(answers_with("server/discover", reply));
  }
  go(Rung::initialize);
}

void McpHandshake::on_initialize(const McpReply& reply) {
  if (reply.trouble != Trouble::none) return fail(troubled("initialize", reply));
  if (reply.body == Body::result && !is_error_status(reply.status)) {
    version_ = cut(reply.version, longest_name);
    return introduced(reply);
  }
  if (!findings_.on_stream && suggests_stream(reply)) {
    refusal_ = reply.status == 400 ? answers_with("initialize", reply) : status_text(reply);
    refused_with_400_ = reply.status == 400;
    return go(Rung::stream);
  }
  fail(answers_with("initialize", reply));
}

void McpHandshake::on_stream(const McpReply& reply) {
  if (reply.trouble == Trouble::none && reply.status == 200 && !reply.endpoint.empty()) {
    findings_.on_stream = true;
    post_path_ = reply.endpoint;
    return go(Rung::initialize);
  }
  if (reply.status == 200 && reply.content_type.starts_with("text/event-stream")) {
    return fail("opens an event stream at " + path_ + ", and " +
                (reply.trouble == Trouble::none ? "names no endpoint of its own there" : troubled("there", reply)));
  }
  nothing_here(reply);
}

// The path itself first: one that answers OPTIONS anywhere, as many do for browsers, tells nothing by that.
void McpHandshake::nothing_here(const McpReply& reply) {
  if (refused_with_400_) return fail(refusal_);
  findings_.message = "no MCP at " + path_ + ": POST is answered with " + refusal_;
  if (reply.status != 0) findings_.message += ", GET with " + status_text(reply);
  static constexpr std::array<std::string_view, 6> well_known{"/", "/message", "/v1/mcp", "/api/mcp", "/sse", "/mcp"};
  for (const std::string_view path : well_known) {
    if (path != path_) paths_.emplace_back(path);
  }
  paths_.push_back(path_);
  go(Rung::elsewhere);
}

void McpHandshake::on_elsewhere(const McpReply& reply) {
  const bool answers = reply.trouble == Trouble::none &&
                       (reply.status < 300 || reply.status == 405 || reply.status == 400 || reply.status == 401);
  const bool control = paths_.back() == path_;
  if (answers && !control) found_.push_back(paths_.back());
  paths_.pop_back();
  const bool worth_it = reply.trouble == Trouble::none && !(control && answers);
  if (worth_it && !paths_.empty() && found_.empty()) return go(Rung::elsewhere);
  const std::string found = found_.empty() ? "" : found_.front();
  findings_.message += found.empty() ? "; set `path` to where it serves MCP (`/mcp` and `/sse` are common)"
                                     : "; something answers at " + found + ": try `path = \"" + found + "\"`";
  finish();
}

void McpHandshake::introduced(const McpReply& reply) {
  findings_.protocol = version_;
  if (!reply.name.empty()) findings_.name = cut(reply.name, longest_name);
  if (!reply.server_version.empty()) findings_.version = cut(reply.server_version, longest_name);
  findings_.approach = approach_;
  if (version_.empty()) {
    findings_.protocol.reset();
    return fail("answers initialize without a protocol version");
  }
  if (!reply.offers_tools) {
    findings_.tools.emplace();
    findings_.outcome = Outcome::ok;
    if (findings_.modern) return finish();
    // The session is begun as it should be, also when nothing more is asked.
  }
  go(findings_.modern ? Rung::list : Rung::initialized);
}

void McpHandshake::on_list(const McpReply& reply) {
  if (reply.trouble != Trouble::none) {
    findings_.unanswered = true;
    return fail(troubled("tools/list", reply));
  }
  if (reply.body != Body::result || is_error_status(reply.status)) return fail(answers_with("tools/list", reply));
  take_tools(reply);
}

void McpHandshake::take_tools(const McpReply& reply) {
  for (const std::string& tool : reply.tools) {
    if (tools_.size() < most_tools) tools_.push_back(cut(tool, longest_name));
  }
  const bool full = tools_.size() >= most_tools;
  const bool again = std::ranges::find(cursors_, reply.cursor) != cursors_.end();
  const bool more = !reply.cursor.empty();
  const bool sane = reply.cursor.size() <= longest_cursor;
  if (more && sane && !again && !full && cursors_.size() + 1 < most_pages) {
    cursors_.push_back(reply.cursor);
    return go(Rung::list);
  }
  findings_.outcome = Outcome::ok;
  if (more || full) {
    const std::size_t pages = cursors_.size() + 1;
    findings_.message = "its list of tools is longer than what is read of one: " + std::to_string(tools_.size()) +
                        " of them, on " + std::to_string(pages) + (pages == 1 ? " page" : " pages");
    return finish();
  }
  std::ranges::sort(tools_);
  const auto repeated = std::ranges::unique(tools_);
  tools_.erase(repeated.begin(), repeated.end());
  findings_.tools = std::move(tools_);
  finish();
}

// ---- ends
// -------------------------------------------------------------------------------------------------------------

void McpHandshake::fail(std::string message) {
  findings_.outcome = Outcome::failed;
  findings_.message = std::move(message);
  if (!discovery_.empty()) findings_.message += "; before, it " + discovery_;
  findings_.approach = approach_;
  finish();
}

void McpHandshake::sign_in(const McpReply& reply) {
  findings_.outcome = Outcome::sign_in_needed;
  findings_.approach = approach_;
  findings_.message =
      reply.status == 401 ? "needs a sign-in (401)" : "refuses this client (" + std::to_string(reply.status) + ")";
  if (has_credentials_) {
    findings_.message += ", with the Authorization of `headers`";
  } else if (reply.status == 401) {
    findings_.message += "; `headers = { Authorization = \"Bearer ${TOKEN}\" }` sends one along";
  }
  finish();
}

void McpHandshake::finish() {
  if (session_.empty() && !strays_.empty()) {
    session_ = std::move(strays_.back());
    strays_.pop_back();
  }
  go(session_.empty() ? Rung::over : Rung::clean_up);
}

}  // namespace berth::core
